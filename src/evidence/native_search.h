/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a search for functions keeps between its steps: native_find.c lets native_symbols.c collect what bears
 * a wanted name, native_copies.c add inlined copies, native_frames.c tell of what has no name, and
 * native_place.c make places of it; all of them note what they find by native_note.c. Only these files see
 * it. */

#include "base/clock.h"
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
        bool strong;       /* no other file of the same program may have it */
        bool shared;       /* other functions have the same code */
        bool own;          /* the file itself tells of it, not its debug file alone */
        bool described;    /* debug information has it, by that name; or is not to have it, as a thunk */
        struct copy *next; /* at the same address */
};

/* The function that a copy was inlined into. */
struct guard {
        uint64_t address, size; /* size 0: not known */
        bool covered;           /* a piece of the copy in it has a place of its own */
        bool own;               /* as of a copy */
        struct guard *next;
};

struct note {
        struct guard *guards;
        size_t guard_count, copies;
        const char *version;     /* asked for in this one alone, "GLIBC_2.14"; else NULL … */
        uint16_t version_number; /* … which the file itself gives it; 0: it defines none of that name */
        bool found;              /* code of its own */
        bool chosen;             /* IFUNC */
        bool part;               /* only pieces of it have a name */
        bool many;               /* more than are watched */
        bool inlined;            /* somewhere */
        bool hostless;           /* and where is not told */
        bool described;          /* debug information has its code, and so knows its copies */
        bool undescribed;        /* it lacks some code of that name: another version, say */
        bool repeated;           /* it may come from a header: other source files may hold copies */
        bool header;             /* it comes from one: programs that include it have copies of their own */
        bool rust;               /* by its symbol */
        bool rust_std;           /* … of a crate that the standard library is made of */
        bool addressed;          /* asked for by its address: copies elsewhere are not meant */
        bool twins;              /* several functions of one source file each are called so */
        bool stuck;              /* a copy or a guard of it cannot be probed */
        bool jump;               /* its whole code is a jump: folded into another */
        bool go;                 /* meant for the table of a Go program, which tells of nothing else */
        bool unsure;             /* … and the table may have it under another name */
        bool foreign;            /* its debug file tells of it where the file itself knows of no function */
};

/* Code that debug information tells of: begin and end. */
struct code_range {
        uint64_t begin, end;
};

/* A function by the tables that unwind the stack, or a part of one. */
struct code_frame {
        uint64_t begin, end;
        bool named; /* a symbol lies in it */
};

/* Queries with the same last word, or all of one kind. */
struct wanted_list {
        size_t index;
        uint64_t address; /* asked for by it, "0x1139", else 0 */
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
        struct wanted_list *addressed;
        struct note *notes;
        struct native_function *results;
        struct clock_share share; /* of the CPU, for the walks through tables of names */
        bool go;
        bool mixed;          /* … where others are asked for: of those it tells as any other file does */
        const char *go_main; /* the import path of its package main; NULL: not known */
        bool foreign;        /* the tables that are walked are those of a debug file */
        VEC(struct code_range) described;
        VEC(struct code_frame) frames;
        bool inlines_known;    /* every copy that was inlined has been told, in code that is described */
        bool frames_damaged;   /* .eh_frame was not read to its end */
        bool undescribed;      /* there is other code */
        bool undescribed_rust; /* … of Rust: any crate may hold copies of any other one's functions … */
        bool undescribed_std;  /* … but for those that were compiled before all others */
        bool library;          /* no program, as far as it tells */
        bool included;         /* other files may be made with its headers: it offers them functions */
        bool imported;         /* … of Rust: they may hold copies of any */
        bool joined;           /* perhaps compiled as a whole, by LLVM: other code may hold copies untold */
        bool all_symbols;      /* a table with every function was there */
        bool folded; /* the linker may have folded functions, and not all symbols are there to tell */
        bool thunks; /* of C++: the function itself may be inlined into one, and DWARF does not tell */
};

/* native_note.c: add a place, or a guard, once. 0 or -ENOMEM. */
int search_add_copy(struct search *s, const struct copy *copy);
int search_add_guard(struct search *s, size_t wanted, uint64_t address, uint64_t size);
/* The queries that a plain symbol, mangled or not, is meant by: `each` for every one until it returns
 * non-zero. */
typedef int (*search_handler)(struct search *s, size_t wanted, void *context);
int search_named(struct search *s, struct span symbol, search_handler each, void *context);
/* Whether debug information tells of the code there. */
bool search_is_described(const struct search *s, uint64_t address);

/* native_symbols.c: what bears a wanted name in these tables, and, once all have been walked, what else lies
 * at the same places. 0, -ENOMEM, or -ETIME: the share is spent. */
int search_symbols(struct search *s, const struct elf *tables);
int search_neighbours(struct search *s, const struct elf *tables);

/* native_copies.c: inlined copies. */
int search_dwarf(struct search *s, struct span bytes);          /* -ENOMEM, or 0: also where there is none */
int search_go(struct search *s, const struct go_functions *go); /* 0, -ENOMEM, or -ETIME */

/* native_frames.c: read them. 0 or -ENOMEM. */
int search_frames(struct search *s);
/* Bytes of code from there to the end of its function, or to the next one; 0: not known. */
uint64_t search_code_size(const struct search *s, uint64_t address);
void search_name_frame(struct search *s, uint64_t address); /* it has a symbol */
/* Whether a function begins there, as the file itself tells. */
bool search_begins(const struct search *s, uint64_t address);
/* Note code without a symbol that debug information does not tell of; to be called when all are named. */
void search_nameless(struct search *s);
/* Add the functions that were asked for by their address. 0 or -ENOMEM. */
int search_addressed(struct search *s);

/* native_place.c: fill the results. 0 or -ENOMEM. */
int search_places(struct search *s);
/* A place in the code that begins there (size 0: not known). False: none can be had. */
bool search_place(const struct search *s, uint64_t address, uint64_t size, bool piece,
                  struct native_site *ret);

/* native_usdt.c: the queries that have a provider. 0 or -ENOMEM. */
int search_usdt(struct search *s);
