/* SPDX-License-Identifier: Apache-2.0 */

/* What a reading costs is known behind it: it is taken off then, and what is owed is paid back by waiting, no
 * longer than until the next reading without news. */

#include "look/inventory_budget.h"

#include "base/clock.h"

uint64_t inventory_rest(uint64_t cpu_ns)
{
        uint64_t rest = MIN(cpu_ns, INVENTORY_MOST_S * NS_PER_S) * INVENTORY_COSTS;
        return MIN(MAX(rest, INVENTORY_REFRESH_S * NS_PER_S), INVENTORY_MOST_S * NS_PER_S);
}

bool inventory_budget_allows(struct inventory_budget *b, uint64_t now)
{
        const int64_t most = INVENTORY_SAVED_NS;
        if (!b->at)
                *b = (struct inventory_budget){.credit = most, .at = now};
        uint64_t passed = now > b->at ? now - b->at : 0;
        int64_t income = (int64_t)(MIN(passed, 24 * 60 * 60 * NS_PER_S) / 1000) * INVENTORY_NEWS_NS /
                         (int64_t)(NS_PER_S / 1000);
        b->credit = MIN(b->credit + income, most);
        b->at = MAX(b->at, now);
        return b->credit >= 0;
}

void inventory_budget_charge(struct inventory_budget *b, uint64_t cpu_ns)
{
        const int64_t least = -(int64_t)INVENTORY_REFRESH_S * INVENTORY_NEWS_NS;
        b->credit = MAX(b->credit - (int64_t)MIN(cpu_ns, (uint64_t)INVENTORY_SAVED_NS * 2), least);
}
