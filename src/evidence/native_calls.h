/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a process has called before anybody watched: the loader leaves a trace of the first call of each
 * function that is bound lazily. A trace is a proof; its absence is nothing, since there are other ways to
 * call. */

#include "evidence/native_find.h"
#include "memory/image.h"

/* Whether the path is that of the dynamic linker: its own slots are no traces, and its code is nobody's use.
 */
bool native_is_linker(const char *path);

/* Whether an object of a file begins at that area, whose slots may hold traces. */
bool native_is_object(const struct image_area *areas, size_t area);

/* For each function, of the object that is mapped from the path `container`: whether a call of it left a
 * trace. A path that is mapped from its begin more than once tells nothing. Only objects that begin at a
 * chosen area are searched for traces. 0 or -ENOMEM. */
int native_called(struct image *i, const bool *chosen, const struct native_query *queries, size_t count,
                  bool *ret_called);
