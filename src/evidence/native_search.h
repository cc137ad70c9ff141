/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a search for functions keeps between its steps: native_find.c collects what bears a wanted name,
 * native_copies.c adds inlined copies and tells what lies at the same place, native_place.c makes places of
 * it. Only these files see it. */

#include "base/map.h"
#include "base/vec.h"
#include "evidence/native_find.h"
#include "format/go_functions.h"

/* One place that bears the name of a wanted function. */
struct copy {
        size_t wanted;
        uint64_t address, size;
        bool piece;        /* of an inlined copy */
        bool local;        /* a name of one source file only: others may be called the same */
        bool shared;       /* other functions have the same code */
        struct copy *next; /* at the same address */
};

/* The function that a copy was inlined into. */
struct guard {
        uint64_t address, size; /* size 0: not known */
        struct guard *next;
};

struct note {
        struct guard *guards;
        size_t guard_count;
        bool found;     /* code of its own */
        bool chosen;    /* IFUNC */
        bool part;      /* only pieces of it have a name */
        bool many;      /* more than are watched */
        bool inlined;   /* somewhere */
        bool hostless;  /* and where is not told */
        bool described; /* debug information has its code, and so knows its copies */
        bool repeated;  /* it may come from a header: other source files may hold copies */
        bool twins;     /* several functions of one source file each are called so */
        bool stuck;     /* a copy or a guard of it cannot be probed */
        bool jump;      /* its whole code is a jump: folded into another */
};

/* Code that debug information tells of: begin and end. */
struct code_range {
        uint64_t begin, end;
};

/* Queries with the same last word. */
struct wanted_list {
        size_t index;
        struct wanted_list *next;
};

struct search {
        const struct elf *elf;
        const struct native_query *queries;
        size_t count;
        struct arena *arena;
        struct map words;             /* last word of a wanted function → struct wanted_list */
        struct map places;            /* address → struct copy */
        struct map entries;           /* address of a host → struct guard, confirmed by a symbol */
        struct wanted_list *readable; /* those that are no plain symbols: "a::b" */
        struct note *notes;
        struct native_function *results;
        bool go;
        VEC(struct code_range) described;
        bool inlines_known; /* every copy that was inlined has been told, in code that is described */
        bool undescribed;   /* there is other code */
        bool thunks;        /* of C++: the function itself may be inlined into one, and DWARF does not tell */
};

/* Add a place, or a guard, once. 0 or -ENOMEM. */
int search_add_copy(struct search *s, const struct copy *copy);
int search_add_guard(struct search *s, size_t wanted, uint64_t address, uint64_t size);
/* The queries that a plain symbol, mangled or not, is meant by: `each` for every one until it returns
 * non-zero. */
typedef int (*search_handler)(struct search *s, size_t wanted, void *context);
int search_named(struct search *s, struct span symbol, search_handler each, void *context);

/* native_copies.c */
int search_dwarf(struct search *s, struct span bytes); /* -ENOMEM, or 0: also where there is none */
int search_neighbours(struct search *s, const struct elf *tables);
int search_go(struct search *s, const struct go_functions *go);

/* native_place.c: fill the results. 0 or -ENOMEM. */
int search_places(struct search *s);
/* A place in the code that begins there (size 0: not known). False: none can be had. */
bool search_place(const struct search *s, uint64_t address, uint64_t size, bool piece,
                  struct native_site *ret);

/* native_usdt.c: the queries that have a provider. 0 or -ENOMEM. */
int search_usdt(struct search *s);
