/* SPDX-License-Identifier: Apache-2.0 */
#include "base/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_what_was_saved_is_spent_at_once(void **state)
{
        (void)state;
        struct allowance a = {.part = 1000, .saved_most = 5000, .waits_most = 10000000};
        assert_int_equal(allowance_next(&a), 0);
        allowance_spend(&a, 100, 5000);
        assert_int_equal(allowance_next(&a), 100);
        allowance_spend(&a, 100, 2000);
        assert_int_equal(allowance_next(&a), 100 + 2000 * 1000);
        /* Half of it is paid back by then, and more is taken. */
        allowance_spend(&a, 100 + 1000 * 1000, 1000);
        assert_int_equal(allowance_next(&a), 100 + 1000 * 1000 + 2000 * 1000);
}

static void test_neither_savings_nor_debts_grow_for_ever(void **state)
{
        (void)state;
        struct allowance a = {.part = 1000, .saved_most = 5000, .waits_most = 10000000};
        allowance_spend(&a, 1, 0);
        allowance_spend(&a, 1ull << 60, 5001);
        assert_int_equal(allowance_next(&a), (1ull << 60) + 1000);
        allowance_spend(&a, 1ull << 60, UINT64_MAX);
        assert_int_equal(allowance_next(&a), (1ull << 60) + 10000000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_was_saved_is_spent_at_once),
                cmocka_unit_test(test_neither_savings_nor_debts_grow_for_ever),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
