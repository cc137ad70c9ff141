/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which processes have not run since some earlier moment: what was read of them then still holds, and need
 * not be read again. Only files of this folder see it. */

#include "base/arena.h"
#include "base/map.h"
#include "sensor/sensor.h"

/* What a process had done at one moment. */
struct quiet_mark {
        uint64_t threads, switches, runtime, groups; /* sums over its threads; threads 0: not known */
        bool running; /* one of them was on a CPU, or moved while it was read */
};

struct quiet {
        struct activity *source; /* NULL: not opened yet, or cannot be had */
        bool refused;
        uint64_t taken; /* boottime ns: begin of the last reading; 0: none, nothing is known to be quiet */
        struct map marks;
        struct arena arena; /* of `marks` */
};

void quiet_done(struct quiet *q);
/* Read what all processes have done up to now. What fails leaves nobody quiet. */
void quiet_take(struct quiet *q);
/* As quiet_take does for each thread that it reads. 0 or -ENOMEM. */
int quiet_add(struct quiet *q, const struct activity_thread *thread);
/* Whether a program ran under this pid when that was read last, whenever it started. */
bool quiet_knows(const struct quiet *q, int pid);
/* What the process had done when that was read last, all zero where it is not known. `start`: as in struct
 * process. */
struct quiet_mark quiet_mark_of(const struct quiet *q, int pid, uint64_t start);
/* Whether a process that had done `before` then and `now` later has not run in between. */
bool quiet_since(const struct quiet_mark *before, const struct quiet_mark *now);
