/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Crates that were linked into a Rust program: the section .dep-v0 of cargo-auditable (its PARSING.md:
 * zlib-compressed JSON), or, where that is missing, paths of registry sources that panic messages keep. */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct rust_crate {
        const char *name, *version;
        bool registry; /* comes from crates.io; else a local or git crate */
        bool root;     /* the program itself */
        uint64_t at;   /* for a crate that a path tells: offset of the path in the bytes */
};

typedef VEC(struct rust_crate) rust_crate_list;

/* Contents of .dep-v0. Crates of the build only (kind "build") are left out. 0, -EBADMSG, -EFBIG, -ENOMEM. */
int rust_audit_parse(struct span section, struct arena *a, rust_crate_list *to);
/* Paths ".../registry/src/INDEX/NAME-VERSION/" (Cargo) and "/cargo/registry/NAME-VERSION/" (Debian) in
 * read-only data, each crate once. It finds crates that can panic, not all. 0 or -ENOMEM. */
int rust_paths_find(struct span data, struct arena *a, rust_crate_list *to);
