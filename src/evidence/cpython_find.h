/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the interpreter and its types lie in a process: only cpython_find.c and cpython_layout.c see it. */

#include "evidence/cpython_state.h"

enum {
        CPYTHON_TYPE_NAME = 24, /* tp_name */
        CPYTHON_FREE_HEAD = 16, /* more bytes in the head of each object of a free-threaded build */
};

#define CPYTHON_COOKIE 0x7970677562656478ull /* "xdebugpy", Include/internal/pycore_debug_offsets.h */

/* Addresses; 0: not found. */
struct cpython_marks {
        uint64_t type, version, runtime; /* PyType_Type, Py_Version, _PyRuntime */
};

/* Types and ends of the interpreter in `l`. 0; -ENOENT: there is none; or the image's failure. */
int cpython_find(struct image *i, struct cpython_layout *l, struct cpython_marks *ret);
bool cpython_type_is(struct image *i, uint64_t type, unsigned shift, const char *name);
