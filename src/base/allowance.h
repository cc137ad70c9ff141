/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What some kind of work may take of the CPU in the long run. What is not used is saved up to a bound, for
 * work that comes in bursts; what was too much is paid back by waiting, up to another. Pure: times come in.
 */

#include "base/macro.h"

struct allowance {
        uint64_t part;       /* one CPU in so many */
        uint64_t saved_most; /* CPU ns */
        uint64_t waits_most; /* ns: what would take longer to pay back is forgiven */
        int64_t credit;      /* CPU ns; negative: owed */
        uint64_t at;         /* when that was reckoned; 0: never, all that may be saved is */
};

/* Work that has just ended took so much. */
void allowance_spend(struct allowance *a, uint64_t now, uint64_t cpu_ns);
/* When the next may begin: a time that may have passed. */
uint64_t allowance_next(const struct allowance *a);
