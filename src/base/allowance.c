/* SPDX-License-Identifier: Apache-2.0 */
#include "base/allowance.h"

void allowance_spend(struct allowance *a, uint64_t now, uint64_t cpu_ns)
{
        const int64_t most = (int64_t)a->saved_most, least = -(int64_t)(a->waits_most / a->part);
        uint64_t passed = now > a->at ? now - a->at : 0;
        int64_t credit = a->at ? a->credit + (int64_t)(passed / a->part) : most;
        credit = MIN(credit, most) - (int64_t)MIN(cpu_ns, (uint64_t)INT64_MAX / 2);
        a->credit = MAX(credit, least);
        a->at = now;
}

uint64_t allowance_next(const struct allowance *a)
{
        return a->at + (a->credit < 0 ? (uint64_t)-a->credit * a->part : 0);
}
