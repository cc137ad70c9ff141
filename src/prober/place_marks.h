/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: places of a job as they were before they were walked. */

#include "base/vec.h"
#include "prober/prober.h"

/* A place as it was before it was walked. */
struct place_mark {
        uint64_t path, seen; /* map_hash, inventory_place_mark() */
};
typedef VEC(struct place_mark) mark_list;

/* How the places of the job look now. 0 or -ENOMEM. */
int marks_take(int root_fd, const struct probe_job *job, mark_list *to);
/* Whether one looks otherwise than it did. A place that is gone is no change: temporary ones come and go. */
bool marks_changed(const mark_list *marks, int root_fd, const struct probe_job *job);
