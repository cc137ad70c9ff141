/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Gem specifications as `gem install` writes them (rubygems, lib/rubygems/specification.rb, to_ruby, and
 * basic_specification.rb, "# stub:"). They are programs; only literals are read, nothing runs. */

#include "base/arena.h"
#include "base/str.h"

struct gemspec {
        const char *name;
        const char *version;  /* NULL: computed by the program */
        const char *platform; /* "x86_64-linux", or NULL for plain Ruby */
};

/* 0, -ENOENT (no literal name), -ENOMEM. */
int gemspec_parse(struct span text, struct arena *a, struct gemspec *ret);
/* The literal of the first `VERSION = "1.2.3"` of a version.rb, or NULL. NULL also: out of memory. */
const char *gemspec_version_constant(struct span text, struct arena *a);
