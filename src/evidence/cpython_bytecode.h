/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The instructions of one code object, as far as must be understood to see what it does with the list of
 * modules and with functions. All versions are brought to one set of meanings. */

#include "evidence/cpython_opcodes.h"

enum { CPYTHON_NAMES = 4096, CPYTHON_NO_NAME = -1 };

struct cpython_names {
        uint64_t items[CPYTHON_NAMES]; /* str objects */
        size_t count;
};

struct cpython_instruction {
        uint8_t op;
        char meaning;
        uint32_t argument;
        uint16_t counter; /* the first unit of its room, or 0 */
        unsigned room;
};

/* co_names. False: there are none, or they cannot be read. */
bool cpython_names_read(const struct cpython *c, struct image *i, uint64_t code, struct cpython_names *ret);
int cpython_name_index(const struct cpython *c, struct image *i, const struct cpython_names *n,
                       const char *wanted);
/* Whether that str object is among the constants. Those that look like names are one object with the names.
 */
bool cpython_has_constant(const struct cpython *c, struct image *i, uint64_t code, uint64_t text);
/* The constant of that number, 0: there is none. */
uint64_t cpython_constant(const struct cpython *c, struct image *i, uint64_t code, uint64_t number);
/* Whether a constant is text that has one of the parts in it; what describes the function is not asked. */
bool cpython_has_text(const struct cpython *c, struct image *i, uint64_t code, const char *const *parts,
                      size_t count);
/* The same of bytes: whether one constant has all of the parts in it. */
bool cpython_has_bytes(const struct cpython *c, struct image *i, uint64_t code, const char *const *parts,
                       size_t count);
/* Call for each instruction until it returns true. */
bool cpython_any_instruction(const struct cpython *c, struct image *i, uint64_t code,
                             bool (*wants)(void *context, const struct cpython_instruction *t),
                             void *context);
/* The index of the name that it loads, stores or imports, or CPYTHON_NO_NAME. */
int cpython_named(unsigned minor, const struct cpython_instruction *t);
/* A load that puts a second value, for a call. */
bool cpython_is_for_call(unsigned minor, const struct cpython_instruction *t);
/* False: the instruction has counters, and they say that it never ran (from 3.12 on). */
bool cpython_may_have_run(unsigned minor, const struct cpython_instruction *t);
/* ---- escape.c: what becomes of sys.modules in this code, which ran. NULL, or why that may have made code
 * go. `believed` gains whom it was given to. */
const char *cpython_modules_escape(const struct cpython *c, struct image *i, const struct cpython_names *n,
                                   uint64_t code, uint32_t *believed);
/* Whether a function of the program has the name of one of Python's own that was believed to only read. */
bool cpython_is_believed(uint32_t believed, const char *name);
