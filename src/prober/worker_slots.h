/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: which objects of a process can have a slot that is asked for. */

#include "evidence/native_find.h"
#include "memory/image.h"

struct worker;

/* For each area of the process whether the object that begins there is to be looked into: it binds one of
 * these functions when it is called first, or that cannot be told. The number of them, or -ENOMEM. */
ssize_t worker_slots_choose(struct worker *w, int pid, const struct image_area *areas, size_t count,
                            const struct native_query *queries, size_t query_count, bool *ret_chosen);
void worker_slots_done(struct worker *w);
