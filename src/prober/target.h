/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: another process as what is read of it comes from. */

#include "base/arena.h"
#include "memory/image.h"

struct target {
        struct remote remote;
        int pagemap;
        unsigned spread; /* pages of the image in one of the kernel's */
        struct arena arena;
        struct image_area *areas;
        size_t area_count;
};

/* 0 or -errno: -ESRCH gone. To be given to target_done() in either case. */
int target_open(int pid, struct target *t);
void target_done(struct target *t);
struct image_source target_source(struct target *t); /* borrows it */
/* Start of the process, boottime ns, cut as struct process.start is; 0: it is gone. */
uint64_t target_start(int pid);
/* When the program was started that it runs, the same: earlier, where it was forked and has executed none
 * since; a bound only, where its forker is gone. */
uint64_t target_program_start(int pid, bool *ret_forked);
