/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The values on the stack of code that is read, as far as they matter for the list of modules. What lies
 * below all that is known may be anything. */

#include "evidence/cpython_bytecode.h"

enum {
        CPYTHON_VALUES = 64,
        CPYTHON_LOCALS = 256,
};

/* From SYSTEM on what a variable held once it is taken to hold ever after; the last three must not be lost.
 */
enum cpython_kind {
        CPYTHON_ANYTHING,
        CPYTHON_GLOBAL,    /* loaded by its name */
        CPYTHON_ATTRIBUTE, /* of anything */
        CPYTHON_CONSTANT,  /* `name` is its number */
        CPYTHON_BUILT,     /* an object of a type of Python's own, made here */
        CPYTHON_METHOD,    /* an attribute of such */
        CPYTHON_SYSTEM,    /* the module sys */
        CPYTHON_SPACE,     /* what it holds, by name */
        CPYTHON_MAYBE,     /* something that it holds, whose name was made at run time */
        CPYTHON_LIST,      /* sys.modules */
};

struct cpython_value {
        enum cpython_kind kind;
        int name;
};

struct cpython_values {
        struct cpython_value items[CPYTHON_VALUES];
        size_t count;
        uint8_t locals[CPYTHON_LOCALS]; /* enum cpython_kind */
        bool lost;                      /* something that must not be */
};

void cpython_put(struct cpython_values *v, enum cpython_kind kind, int name);
struct cpython_value cpython_take(struct cpython_values *v);
/* The first of the last `count` values, or the one behind it; anything, if it is not known. */
struct cpython_value cpython_argument(const struct cpython_values *v, uint32_t count, uint32_t number);
/* Take that many. The most that there was among them. */
enum cpython_kind cpython_take_many(struct cpython_values *v, uint32_t count);
/* All of them go to where they cannot be followed. */
void cpython_forget(struct cpython_values *v);
/* An instruction that loads or stores variables. */
void cpython_follow_local(struct cpython_values *v, const struct cpython_instruction *t);
/* The last value is number 1. */
void cpython_copy(struct cpython_values *v, uint32_t from_top);
void cpython_swap(struct cpython_values *v, uint32_t from_top);
