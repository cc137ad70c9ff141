/* SPDX-License-Identifier: Apache-2.0 */

/* Accounts that fill with time: a look may be begun while its account is not overdrawn, and what it cost is
 * taken off behind it, so that the average is held although no cost is known before. */

#include "look/runtime_budget.h"

#include "base/clock.h"

enum { MOST_PASSED_S = 24 * 60 * 60 };

static int64_t income(uint64_t passed, int64_t ns_per_s)
{
        return (int64_t)(MIN(passed, MOST_PASSED_S * NS_PER_S) / 1000) * ns_per_s /
               (int64_t)(NS_PER_S / 1000);
}

void budget_refill(struct runtime_budget *b, uint64_t now)
{
        const int64_t most = BUDGET_LATER_MOST;
        if (!b->at)
                *b = (struct runtime_budget){.later = most, .storm = most, .at = now};
        uint64_t passed = now > b->at ? now - b->at : 0;
        b->at = MAX(b->at, now);
        b->young += income(passed, BUDGET_YOUNG_NS);
        int64_t left = MAX(b->young, 0);
        b->young -= left;
        b->later = MIN(b->later + income(passed, BUDGET_LATER_NS) + left, most);
        b->storm = MIN(b->storm + income(passed, BUDGET_STORM_NS), most);
}

bool budget_allows(const struct runtime_budget *b, bool young)
{
        return young ? b->young > -BUDGET_DEBT_NS || b->storm > 0 : b->later > 0;
}

void budget_charge(struct runtime_budget *b, bool young, uint64_t ns)
{
        int64_t cost = (int64_t)MIN(ns, (uint64_t)BUDGET_DEBT_NS);
        if (!young) {
                b->later -= cost;
                return;
        }
        if (b->young <= -BUDGET_DEBT_NS)
                b->storm -= cost;
        /* What was spent beyond all debt is not paid back: it had its own bound. */
        b->young = MAX(b->young - cost, -2 * BUDGET_DEBT_NS);
}

uint64_t budget_wait(const struct runtime_budget *b, bool young)
{
        if (budget_allows(b, young))
                return 0;
        int64_t missing = young ? -b->storm : -b->later;
        int64_t per_s = young ? BUDGET_STORM_NS : BUDGET_LATER_NS;
        return (uint64_t)(missing + 1) * NS_PER_S / (uint64_t)per_s + 1;
}
