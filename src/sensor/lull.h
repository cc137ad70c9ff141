/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How far apart things come that are told in bursts. Pure: times come in. */

#include "base/macro.h"

struct lull {
        uint64_t burst_at; /* ns: when the last one began; 0: none came yet */
        uint64_t gap;      /* ns between them, the last few weighing most */
        bool in_burst;
};

/* Whether something was told since the last call. */
void lull_note(struct lull *l, uint64_t now, bool told);
/* Whether bursts are so far apart, or so long ago, that it is cheaper to be woken by each than to ask. */
bool lull_lasts(const struct lull *l, uint64_t now);
