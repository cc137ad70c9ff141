/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/lull.h"

#include "base/clock.h"

enum { WEIGHT = 4, GAP_LEAST_MS = 300 };

#define GAP_MOST (4 * NS_PER_S)

void lull_note(struct lull *l, uint64_t now, bool told)
{
        if (told && !l->in_burst) {
                uint64_t gap = MIN(now - l->burst_at, (uint64_t)GAP_MOST);
                l->gap = ((WEIGHT - 1) * l->gap + gap) / WEIGHT;
                l->burst_at = now;
        }
        l->in_burst = told;
}

bool lull_lasts(const struct lull *l, uint64_t now)
{
        return !l->in_burst && MAX(l->gap, now - l->burst_at) >= GAP_LEAST_MS * (NS_PER_S / 1000);
}
