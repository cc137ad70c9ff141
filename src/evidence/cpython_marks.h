/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where in a process's memory objects of CPython may lie. */

#include "evidence/cpython_state.h"

/* Call for each place (bytes from the beginning) of a word that is the address of one of the types that are
 * looked for, until one returns non-zero, which is returned. */
typedef int (*cpython_mark)(void *context, size_t place, uint64_t type);
int cpython_each_mark(const struct cpython_layout *l, const void *bytes, size_t size, cpython_mark each,
                      void *context);
/* Whether objects may lie there. */
bool cpython_holds_objects(const struct cpython_layout *l, const struct image_area *area);
