/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which functions were inlined into which, from DWARF (version 5, §3.3.8; older ones alike). */

#include "base/str.h"

struct dwarf_copy {
        const char *name, *linkage; /* linkage: mangled, NULL where there is none; both NULL: not readable */
        uint64_t address;           /* of the function, or of the one that holds the copy; 0: not told */
        bool inlined;               /* else it is the function itself */
};
/* Called for each function that has code, and for each copy that was inlined into one, until it returns
 * non-zero, which is returned. */
typedef int (*dwarf_copy_handler)(void *context, const struct dwarf_copy *c);
/* Called for each stretch of code that a function's entry tells of, until it returns non-zero. Units in
 * assembly language have no such entries, and inline nothing: they are told as a whole. */
typedef int (*dwarf_range_handler)(void *context, uint64_t begin, uint64_t end);

/* 0; -ENOENT: no DWARF; -EBADMSG: damaged, or deeper or longer than what is walked: not everything was told.
 * The bytes are those of an ELF file and are only read. */
int dwarf_inline_walk(struct span bytes, dwarf_copy_handler handler, dwarf_range_handler on_range,
                      void *context);
