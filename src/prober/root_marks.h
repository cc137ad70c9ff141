/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: how the package managers' databases and the folders of modules of a root looked
 * before they were read. */

#include "prober/place_marks.h"

struct root_marks {
        uint64_t databases;
        mark_list folders; /* those that the job names, in its order */
};
void root_marks_done(struct root_marks *m);

/* 0 or -ENOMEM; costs a status call for each of them. */
int root_marks_take(int root_fd, const struct probe_job *job, struct root_marks *ret);
/* One number for all of them. */
uint64_t root_marks_stamp(const struct root_marks *m);
/* Whether this folder changed, if it was known before. */
bool root_marks_folder_changed(const struct root_marks *before, const struct root_marks *now, size_t i);
