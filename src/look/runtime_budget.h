/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What looking into processes may cost in all, whatever their number: CPU time of the worker and of the
 * sensor, as a share of one core. Pure: times come in. Only files of this folder see it. */

#include "base/macro.h"

/* A share of one core: N ns each second. Young processes are those in their first minute, and those that were
 * never looked at: what they have just done is seen at once, and later looks do not pay for it. */
enum {
        BUDGET_LATER_NS = 400000,  /* 0.04 %: later looks */
        BUDGET_YOUNG_NS = 200000,  /* 0.02 %: young processes; what they leave is for later looks */
        BUDGET_STORM_NS = 10000000 /* 1 %: young processes, when more than BUDGET_DEBT_NS was borrowed */
};
#define BUDGET_DEBT_NS    20000000000 /* that young processes may borrow */
#define BUDGET_LATER_MOST 200000000   /* that is saved for later looks; and that storms may take at once */

struct runtime_budget {
        int64_t later, young, storm; /* ns that may be spent; negative: borrowed */
        uint64_t at;                 /* boottime ns; 0: never used */
};

/* Let time pass. */
void budget_refill(struct runtime_budget *b, uint64_t now);
/* Whether another look may be begun. */
bool budget_allows(const struct runtime_budget *b, bool young);
/* It took so many ns. */
void budget_charge(struct runtime_budget *b, bool young, uint64_t ns);
/* How many ns from `b->at` on none may be begun; 0: now. */
uint64_t budget_wait(const struct runtime_budget *b, bool young);
