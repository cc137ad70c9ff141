/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/process_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void learn(struct process_table *t, uint16_t type, uint32_t tgid, uint64_t cgroup, uint64_t time)
{
        struct event_header header = {.type = type, .tgid = tgid, .cgroup = cgroup, .time = time};
        assert_int_equal(process_table_learn(t, &header), 0);
}

static void test_life(void **state)
{
        (void)state;
        struct process_table t = {};
        assert_null(process_table_find(&t, 5));
        learn(&t, EVENT_FORK, 5, 1, 10);
        assert_int_equal(process_table_find(&t, 5)->cgroup, 1);
        learn(&t, EVENT_MOVED, 5, 2, 11);
        assert_int_equal(process_table_find(&t, 5)->cgroup, 2);
        process_table_rename(&t, 5, "a name that is too long");
        assert_string_equal(process_table_find(&t, 5)->comm, "a name that is ");
        process_table_rename(&t, 6, "nobody");
        learn(&t, EVENT_EXIT, 5, 2, 12);
        assert_null(process_table_find(&t, 5));
        learn(&t, EVENT_EXIT, 6, 2, 12); /* never heard of */
        process_table_done(&t);
}

/* A refill keeps what is alive, and what was born meanwhile. */
static void test_refill(void **state)
{
        (void)state;
        struct process_table t = {};
        for (uint32_t tgid = 1; tgid <= 100; tgid++)
                learn(&t, EVENT_FORK, tgid, 1, 10);
        learn(&t, EVENT_MOVED, 50, 9, 20);
        learn(&t, EVENT_FORK, 101, 9, 21);
        process_table_forget_before(&t, 20);
        assert_null(process_table_find(&t, 1));
        assert_null(process_table_find(&t, 100));
        assert_int_equal(process_table_find(&t, 50)->cgroup, 9);
        assert_non_null(process_table_find(&t, 101));
        process_table_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_life), cmocka_unit_test(test_refill)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
