/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/lull.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MS = 1000000 };

/* So many bursts so far apart, each seen by two readings. */
static uint64_t bursts(struct lull *l, uint64_t now, int count, uint64_t apart)
{
        for (int i = 0; i < count; i++) {
                lull_note(l, now, true);
                lull_note(l, now + 10 * MS, true);
                lull_note(l, now + 60 * MS, false);
                now += apart;
        }
        return now;
}

static void test_nothing_yet(void **state)
{
        (void)state;
        struct lull l = {};
        assert_true(lull_lasts(&l, 1000 * NS_PER_S));
}

static void test_one_after_long(void **state)
{
        (void)state;
        struct lull l = {};
        lull_note(&l, 1000 * NS_PER_S, true);
        assert_false(lull_lasts(&l, 1000 * NS_PER_S)); /* it may go on */
        lull_note(&l, 1000 * NS_PER_S + 50 * MS, false);
        assert_true(lull_lasts(&l, 1000 * NS_PER_S + 50 * MS));
}

static void test_programs_all_the_time(void **state)
{
        (void)state;
        struct lull l = {};
        uint64_t now = bursts(&l, 1000 * NS_PER_S, 40, 125 * MS);
        assert_false(lull_lasts(&l, now));
        assert_true(lull_lasts(&l, now + NS_PER_S)); /* they have ended */
        now = bursts(&l, now, 40, 2 * NS_PER_S);
        assert_true(lull_lasts(&l, now - 2 * NS_PER_S + 60 * MS));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_yet),
                cmocka_unit_test(test_one_after_long),
                cmocka_unit_test(test_programs_all_the_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
