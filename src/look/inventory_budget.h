/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When an inventory is read again: at once where something new runs or was installed, as far as the CPU time
 * of all readings goes, and else as seldom as it is dear. Pure: times come in. Only files of this folder see
 * it. */

#include "base/macro.h"

enum {
        INVENTORY_NEWS_S = 60,      /* where something runs at a new place, it is not read more often */
        INVENTORY_REFRESH_S = 600,  /* without news it is read again after this … */
        INVENTORY_COSTS = 10000,    /* … or as many times what reading took, if that is later … */
        INVENTORY_MOST_S = 60 * 60, /* … but no later than this */
        INVENTORY_NEWS_NS = 300000, /* CPU time for news that is earned each second: 0.03 % */
};
#define INVENTORY_SAVED_NS 3000000000 /* that may be saved: several readings in a row */

struct inventory_budget {
        int64_t credit; /* CPU ns that readings for news may take; negative: owed */
        uint64_t at;    /* boottime ns of the last refill; 0: never used */
};

/* What a reading that took so much CPU time rests without news, ns. */
uint64_t inventory_rest(uint64_t cpu_ns);
/* Whether one may be read for news; lets time pass. */
bool inventory_budget_allows(struct inventory_budget *b, uint64_t now);
/* It was, and took so much CPU time. */
void inventory_budget_charge(struct inventory_budget *b, uint64_t cpu_ns);
