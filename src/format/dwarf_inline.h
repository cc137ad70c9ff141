/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which functions were inlined into which, from DWARF (version 5, §3.3.8; older ones alike). */

#include "base/str.h"

struct dwarf_copy {
        const char *name, *linkage; /* linkage: mangled, NULL where there is none; both NULL: not readable */
        uint64_t address;           /* of the function, or of the one that holds the copy; 0: not told */
        bool inlined;               /* else it is the function itself */
        void *entry;                /* of dwarf_copy_origin() */
};
/* Where its source is. If not in its unit's own file, other units may have it, too. */
enum dwarf_origin {
        DWARF_OWN_FILE,
        DWARF_OTHER_FILE, /* not told, or called like a source of C, which another one includes */
        DWARF_HEADER,     /* any other */
};
/* Only while a handler is called with it. */
enum dwarf_origin dwarf_copy_origin(const struct dwarf_copy *c);

/* Handlers are called until one returns non-zero, which is returned. */
struct dwarf_inlines {
        /* For each compilation unit: what made it, as it says of itself; NULL: it does not say. */
        int (*on_unit)(void *context, const char *producer);
        /* For each function that has code, and for each copy that was inlined into one. */
        int (*on_copy)(void *context, const struct dwarf_copy *c);
        /* For each stretch of code that a function's entry tells of. Units in assembly language have no such
         * entries, and inline nothing: they are told as a whole. */
        int (*on_range)(void *context, uint64_t begin, uint64_t end);
        void *context;
};

/* 0; -ENOENT: no DWARF; -EBADMSG: damaged, or deeper than what is walked; -ETIME: it takes more of the CPU
 * or the memory than so much information should, or has more entries than are walked: not everything was
 * told. The bytes are those of an ELF file and are only read. */
int dwarf_inline_walk(struct span bytes, const struct dwarf_inlines *to);
