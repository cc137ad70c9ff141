/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Name and version out of the small manifests of ecosystems that need no more: Erlang/OTP (.app), Perl
 * (META.json, CPAN::Meta::Spec), R (DESCRIPTION), LuaRocks (.rockspec), WordPress (plugin and theme
 * headers, wp-includes/version.php), Conan (conaninfo.txt). Those that are programs are read for literals
 * only. */

#include "base/arena.h"
#include "base/str.h"

struct manifest {
        const char *name, *version;
};

/* All: 0, -ENOENT (no name or version as a literal), -ENOMEM. */
int manifest_erlang(struct span text, struct arena *a, struct manifest *ret);
int manifest_perl(struct span json, struct arena *a, struct manifest *ret);
int manifest_r(struct span text, struct arena *a, struct manifest *ret);
int manifest_lua(struct span text, struct arena *a, struct manifest *ret);
/* "Plugin Name:" or "Theme Name:" in the first 8 KiB, as WordPress itself looks. */
int manifest_wordpress(struct span text, struct arena *a, struct manifest *ret);
/* Conan's "zlib/1.2.13@user/channel:ID". */
int manifest_conan_reference(struct span reference, struct arena *a, struct manifest *ret);
/* Conan 1's conaninfo.txt: the next package that [full_requires] names ("zlib/1.2.13@user/channel:ID"). *rest
 * starts at the whole text. 0, -ENOENT (no more) or -ENOMEM. */
int manifest_conan_next(struct span *rest, struct arena *a, struct manifest *ret);
/* $wp_version = '6.1'; the name is "wordpress". */
int manifest_wordpress_core(struct span text, struct arena *a, struct manifest *ret);
