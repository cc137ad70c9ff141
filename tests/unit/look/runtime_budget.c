/* SPDX-License-Identifier: Apache-2.0 */
#include "look/runtime_budget.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { COST = 5000000 }; /* ns of one look */

/* How much was spent in so many seconds by somebody who always wants to look. */
static uint64_t spend(struct runtime_budget *b, uint64_t *now, unsigned seconds, bool young)
{
        uint64_t spent = 0;
        for (unsigned n = 0; n < seconds; n++) {
                *now += NS_PER_S;
                budget_refill(b, *now);
                while (budget_allows(b, young)) {
                        budget_charge(b, young, COST);
                        spent += COST;
                }
        }
        return spent;
}

static void test_average_of_later_looks(void **state)
{
        struct runtime_budget b = {};
        uint64_t now = 1000 * NS_PER_S;
        uint64_t spent = spend(&b, &now, 100000, false);
        uint64_t most = 100000ull * (BUDGET_LATER_NS + BUDGET_YOUNG_NS) + BUDGET_LATER_MOST + COST;
        assert_in_range(spent, most * 99 / 100, most);
        (void)state;
}

/* At once, then as much as a storm may take; and later looks go on meanwhile, at their own rate. */
static void test_young_borrow(void **state)
{
        struct runtime_budget b = {};
        uint64_t now = 1000 * NS_PER_S;
        uint64_t spent = spend(&b, &now, 1, true);
        assert_in_range(spent, BUDGET_DEBT_NS, BUDGET_DEBT_NS + BUDGET_LATER_MOST + 2 * COST);
        spent = spend(&b, &now, 1000, true);
        assert_in_range(spent, 1000ull * BUDGET_STORM_NS * 9 / 10, 1000ull * BUDGET_STORM_NS * 11 / 10);
        (void)spend(&b, &now, 1, false); /* what was saved */
        spent = spend(&b, &now, 1000, false);
        assert_in_range(spent, 1000ull * BUDGET_LATER_NS - COST, 1000ull * BUDGET_LATER_NS + COST);
        (void)state;
}

static void test_debt_is_paid_back(void **state)
{
        struct runtime_budget b = {};
        budget_refill(&b, NS_PER_S);
        budget_charge(&b, true, NS_PER_S / 10);
        budget_refill(&b, 400 * NS_PER_S);
        assert_true(b.young < 0);
        budget_refill(&b, 600 * NS_PER_S);
        assert_int_equal(b.young, 0);
        (void)state;
}

static void test_wait(void **state)
{
        struct runtime_budget b = {};
        budget_refill(&b, NS_PER_S);
        assert_int_equal(budget_wait(&b, false), 0);
        budget_charge(&b, false, BUDGET_LATER_MOST + COST);
        uint64_t wait = budget_wait(&b, false);
        assert_true(wait > 0);
        struct runtime_budget early = b;
        budget_refill(&early, NS_PER_S + wait / 2);
        assert_false(budget_allows(&early, false));
        budget_refill(&b, NS_PER_S + wait + 10000);
        assert_true(budget_allows(&b, false));
        (void)state;
}

/* A clock that stands still, or a cost that cannot be, does no harm. */
static void test_extremes(void **state)
{
        struct runtime_budget b = {};
        budget_refill(&b, NS_PER_S);
        budget_refill(&b, 1);
        assert_int_equal(b.at, NS_PER_S);
        budget_charge(&b, true, UINT64_MAX);
        budget_charge(&b, true, UINT64_MAX);
        budget_charge(&b, true, UINT64_MAX);
        budget_charge(&b, false, UINT64_MAX);
        budget_refill(&b, UINT64_MAX);
        assert_true(budget_allows(&b, false));
        assert_true(budget_allows(&b, true));
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_average_of_later_looks),
                cmocka_unit_test(test_young_borrow),
                cmocka_unit_test(test_debt_is_paid_back),
                cmocka_unit_test(test_wait),
                cmocka_unit_test(test_extremes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
