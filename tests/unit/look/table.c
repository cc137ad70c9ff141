/* SPDX-License-Identifier: Apache-2.0 */
#include "look/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct entry *put(struct table *t, int pid, uint64_t cgroup, uint64_t round)
{
        struct entry *e = entry_new(pid);
        assert_non_null(e);
        e->process.cgroup_id = cgroup;
        e->round = round;
        assert_int_equal(table_put(t, e), 0);
        return e;
}

static void a_cgroup_is_known_as_long_as_a_process_is_in_it(void **state _unused_)
{
        struct table t = {};
        assert_false(table_has_cgroup(&t, 7));
        put(&t, 1, 7, 1);
        put(&t, 2, 7, 2);
        put(&t, 3, 8, 2);
        put(&t, 4, 0, 2);
        assert_true(table_has_cgroup(&t, 7));
        assert_true(table_has_cgroup(&t, 8));
        assert_true(table_has_cgroup(&t, 0));
        put(&t, 3, 9, 2); /* it was moved */
        assert_false(table_has_cgroup(&t, 8));
        assert_true(table_has_cgroup(&t, 9));
        put(&t, 3, 9, 2); /* it was looked at again */
        assert_true(table_has_cgroup(&t, 9));
        table_sweep(&t, 2);
        assert_null(table_get(&t, 1));
        assert_true(table_has_cgroup(&t, 7));
        table_get(&t, 2)->ended = true;
        table_sweep(&t, 0);
        assert_false(table_has_cgroup(&t, 7));
        assert_true(table_has_cgroup(&t, 9));
        table_done(&t);
        assert_false(table_has_cgroup(&t, 9));
}

static void of_many_cgroups_none_is_mixed_up(void **state _unused_)
{
        struct table t = {};
        for (int pid = 1; pid <= 1000; pid++)
                put(&t, pid, (uint64_t)pid % 100, pid % 100 < 50 ? 1 : 2);
        table_sweep(&t, 2);
        for (uint64_t cgroup = 0; cgroup < 100; cgroup++)
                assert_int_equal(table_has_cgroup(&t, cgroup), cgroup >= 50);
        table_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_cgroup_is_known_as_long_as_a_process_is_in_it),
                cmocka_unit_test(of_many_cgroups_none_is_mixed_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
