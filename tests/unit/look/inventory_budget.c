/* SPDX-License-Identifier: Apache-2.0 */
#include "look/inventory_budget.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { START_S = 1000 };

/* How many readings of this cost happen in so many seconds, where there are news all the time. */
static unsigned readings(uint64_t cost, unsigned seconds)
{
        struct inventory_budget b = {};
        unsigned count = 0;
        for (unsigned s = 0; s < seconds; s += INVENTORY_NEWS_S)
                if (inventory_budget_allows(&b, (START_S + s) * NS_PER_S)) {
                        inventory_budget_charge(&b, cost);
                        count++;
                }
        return count;
}

static void test_cheap_inventories_are_read_at_each_news(void **state)
{
        (void)state;
        assert_int_equal(readings(10000000, 24 * 3600), 24 * 60); /* 10 ms a minute are 0.017 % */
}

static void test_dear_ones_are_read_at_once_and_then_within_the_share(void **state)
{
        (void)state;
        const uint64_t cost = 700000000;
        assert_int_equal(readings(cost, 5 * INVENTORY_NEWS_S), 5); /* what was saved lets five through */
        unsigned day = readings(cost, 24 * 3600);
        double share = (double)day * (double)cost / (24 * 3600 * 1e9);
        assert_true(share < 0.0015); /* bounded by the waiting, which is no longer than a refresh */
        assert_true(day >= 24 * 3600 / (2 * INVENTORY_REFRESH_S)); /* but it is never starved */
}

static void test_one_huge_reading_is_no_endless_debt(void **state)
{
        (void)state;
        struct inventory_budget b = {};
        assert_true(inventory_budget_allows(&b, START_S * NS_PER_S));
        inventory_budget_charge(&b, UINT64_MAX);
        assert_false(inventory_budget_allows(&b, (START_S + 1) * NS_PER_S));
        assert_false(inventory_budget_allows(&b, (START_S - 1) * NS_PER_S)); /* time does not go back */
        assert_true(inventory_budget_allows(&b, (START_S + INVENTORY_REFRESH_S + 1) * NS_PER_S));
}

static void test_rest_follows_cost_within_bounds(void **state)
{
        (void)state;
        assert_int_equal(inventory_rest(0), INVENTORY_REFRESH_S * NS_PER_S);
        assert_int_equal(inventory_rest(50000000), INVENTORY_REFRESH_S * NS_PER_S);
        assert_int_equal(inventory_rest(120000000), 1200 * NS_PER_S);
        assert_int_equal(inventory_rest(UINT64_MAX), INVENTORY_MOST_S * NS_PER_S);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cheap_inventories_are_read_at_each_news),
                cmocka_unit_test(test_dear_ones_are_read_at_once_and_then_within_the_share),
                cmocka_unit_test(test_one_huge_reading_is_no_endless_debt),
                cmocka_unit_test(test_rest_follows_cost_within_bounds),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
