/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One look through all of a process's memory, between its steps: scan.c finds what may be objects, read.c
 * reads the code among them and who owns it, replaced.c asks whether there was other code before it, and
 * settle.c joins what was seen with what is known. */

#include "evidence/cpython_state.h"

enum {
        FRAME_CODE = 32,     /* f_code of a frame, 3.7 */
        CPYTHON_DEPTH = 64,  /* of nesting, most */
        CO_OPTIMIZED = 1,    /* co_flags of functions, not of bodies of modules and classes */
        CO_SUSPENDS = 0x2a0, /* … of generators, coroutines, asynchronous generators */
        TEXT_SIZE = 4 * 4096 + 4,
};

/* A code object, while a look is at it. */
struct seen_code {
        uint64_t address, file, name, qualname, consts, identity;
        int32_t line, flags;
        uint32_t units, site, version;
        uint64_t load;        /* tells the loads of its file apart */
        uint32_t loads;       /* of its file that have code in memory, 0: not counted */
        int32_t parent;       /* index of the code whose constant it is, or -1 */
        uint32_t parent_item; /* which of its constants */
        int32_t shelter;      /* index of the code that has not run, so that this cannot have; or -1 */
        uint64_t function;    /* that owns it, or 0 */
        uint64_t frame;       /* that runs it (3.7), or 0 */
        const char *file_text, *name_text, *full_name;
        bool valid, ran, unsure;
        bool odd;      /* not as this version makes them, or unreadable */
        bool inferred; /* that it ran was told by another object */
        bool modified; /* its function was given other code or defaults, or was not made by a `def` */
};

typedef VEC(uint64_t) address_list;

struct cpython_found {
        address_list codes, functions, modules, frames;
};

struct look {
        struct cpython *c;
        struct image *i;
        struct cpython_found *found;
        struct seen_code *codes; /* sorted by address */
        size_t count;
        VEC(uint32_t) callees;   /* versions of functions that were called (3.12) */
        struct map texts;        /* address of a str → interned text */
        struct map file_modules; /* interned file → interned name of a module */
        struct arena arena;
        char text[TEXT_SIZE];
        uint8_t units[2 * CPYTHON_UNITS];
};

static inline bool is_body(const struct seen_code *s)
{
        return !(s->flags & CO_OPTIMIZED);
}

/* The text of a str object, interned. NULL: no str, or out of memory. */
const char *look_text(struct look *k, uint64_t object);
struct seen_code *look_code_at(const struct look *k, uint64_t address);
/* ---- read.c: all code, who owns it, and what that says of others; 0 or negative */
int look_read_codes(struct look *k);
/* ---- loads.c: number the loads of each file; 0 or -ENOMEM */
int look_count_loads(struct look *k);
/* ---- order.c: which modules are being loaded; 0 or -ENOMEM */
int look_note_loading(struct look *k);
/* ---- replaced.c: which code may have had others before it; 0 or -ENOMEM. `all`: the scan came to its end.
 */
int look_find_replaced(struct look *k, bool all);
/* ---- settle.c: from codes to sites; 0 or -ENOMEM. `all`: the scan came to its end. */
int look_settle(struct look *k, uint64_t now, bool all);
