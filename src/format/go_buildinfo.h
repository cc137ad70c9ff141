/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the Go linker writes into executables (Go source, src/debug/buildinfo/buildinfo.go and
 * src/runtime/debug/mod.go): the version of Go and the modules that were linked. */

#include "base/arena.h"
#include "base/vec.h"
#include "format/elf.h"

struct go_module {
        const char *path, *version; /* as replaced; version NULL for "(devel)" or a local replacement */
        bool main;
};

struct go_buildinfo {
        const char *go_version;        /* "go1.22.1" */
        const char *main_path;         /* import path of the package main; NULL: not told */
        VEC(struct go_module) modules; /* main module first; may be empty (built without modules) */
};

/* 0, -ENOENT: not built by Go, or the information was stripped; -EBADMSG: damaged; -ENOMEM. The caller
 * frees the array of modules. */
int go_buildinfo_parse(const struct elf *e, struct arena *a, struct go_buildinfo *ret);
/* The same for a program of another kind (PE, Mach-O, big-endian ELF): its information is searched for in the
 * whole file. Only what Go 1.18 and later wrote can be read without knowing the kind; -ENOTSUP: older. */
int go_buildinfo_search(struct span program, struct arena *a, struct go_buildinfo *ret);
