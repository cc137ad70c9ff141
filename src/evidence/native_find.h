/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the name of a function to the places in a file where a probe sees it run, and whether seeing nothing
 * there would mean anything. Pure: bytes in, records out. */

#include "base/arena.h"
#include "base/vec.h"
#include "base/wire.h"
#include "format/elf.h"

enum {
        NATIVE_FUNCTIONS_MOST = 512, /* asked for in one file */
        NATIVE_SITES_MOST = 64,      /* places of one function, and guards of it */
};

/* `function` may be mangled or readable, the address where one begins ("0x1139"), or a symbol in one of its
 * versions ("memcpy@GLIBC_2.14"). Containers: the import path of a Go package ("": `function` begins with
 * it), else (C, C++, Rust) anything or "": there the function's own name says it all. */
struct native_query {
        const char *container, *function;
        const char *provider; /* not NULL: a probe of the program's own (USDT) that `function` names */
};

struct native_site {
        uint64_t offset;  /* in the file, of an instruction that can be probed */
        bool stepped;     /* it would be single-stepped: dear */
        uint64_t counter; /* 0, or where in the file a word lies that is counted up while it is watched */
        bool shared;      /* other functions have the same code: a hit is `executed`, not `reached` */
};

/* Where a copy was inlined, its code may be anywhere among its host's, or nowhere. The entries of the hosts
 * are guards: as long as none of them has run, no copy has. */
struct native_function {
        struct native_site *sites, *guards;
        size_t site_count, guard_count;
        /* A host that was entered before it was guarded runs on, and its copy unseen (main, a loop that
         * serves requests): silence means something in processes only that began later. */
        bool entered;
        bool absent;         /* the file holds no code of it, and is sure to tell if it did */
        const char *unknown; /* NULL; or why there is neither site nor guard */
        const char
                *partial; /* NULL: no hit at any of both means that it did not run; or why that is not so */
};

struct native_file {
        struct span bytes; /* of the ELF file */
        struct span debug; /* of its separate debug file, or empty */
};

/* One record for each query, in the arena. 0, -EINVAL (not ELF), -ENOTSUP (machine), -ENOMEM, or -ETIME: its
 * tables of names take more of the CPU than tables of their size should, at most 5 s (DWARF: at most 10 s,
 * and what it was not asked for any more weakens the answer). */
int native_find(const struct native_file *file, const struct native_query *queries, size_t count,
                struct arena *a, struct native_function *ret);

void native_function_pack(const struct native_function *f, struct buf *to);
int native_function_unpack(struct wire *from, struct arena *a, struct native_function *ret); /* or -EBADMSG */
