/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/hook_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { EXEC = 1u << EVENT_EXEC, LISTEN = 1u << EVENT_LISTEN, CONNECT = 1u << EVENT_CONNECT };

static const struct hook_source sources[] = {
        {EXEC, {"exec-best", "exec-second"}},
        {LISTEN | CONNECT, {"socket-best", "socket-second", "socket-third"}},
};

/* A kernel as the test wants it: what attaches, and what its hooks bring. */
struct kernel {
        bool refuses[2][HOOK_ALTERNATIVES];
        uint32_t brings[2][HOOK_ALTERNATIVES];
        int attached[2]; /* alternative, -1 none */
        int proofs;
};

static int attach(void *context, size_t source, size_t alternative, char *reason, size_t size)
{
        struct kernel *k = context;
        if (k->refuses[source][alternative]) {
                snprintf(reason, size, "not here");
                return -EPERM;
        }
        assert_int_equal(k->attached[source], -1); /* never two hooks for one event */
        k->attached[source] = (int)alternative;
        return 0;
}

static void detach(void *context, size_t source)
{
        struct kernel *k = context;
        assert_int_not_equal(k->attached[source], -1);
        k->attached[source] = -1;
}

static uint32_t prove(void *context, uint32_t types)
{
        struct kernel *k = context;
        uint32_t came = 0;
        k->proofs++;
        for (size_t i = 0; i < 2; i++)
                if (k->attached[i] >= 0)
                        came |= k->brings[i][k->attached[i]];
        return came & types;
}

static const struct hook_ops ops = {attach, detach, prove};

static struct kernel good_kernel(void)
{
        return (struct kernel){
                .brings = {{EXEC, EXEC}, {LISTEN | CONNECT, LISTEN | CONNECT, LISTEN | CONNECT}},
                .attached = {-1, -1},
        };
}

static void test_best_serves(void **state)
{
        (void)state;
        struct kernel k = good_kernel();
        struct hook_table t;
        hook_table_init(&t, sources, 2);
        assert_int_equal(hook_table_settle(&t, 3, &ops, &k), 3);
        assert_string_equal(hook_table_serving(&t, 0), "exec-best");
        assert_string_equal(hook_table_serving(&t, 1), "socket-best");
        assert_int_equal(k.proofs, 1);
}

static void test_refused_falls_back(void **state)
{
        (void)state;
        struct kernel k = good_kernel();
        struct hook_table t;
        struct hook hooks[16];
        k.refuses[1][0] = k.refuses[1][1] = true;
        hook_table_init(&t, sources, 2);
        assert_int_equal(hook_table_settle(&t, 3, &ops, &k), 3);
        assert_string_equal(hook_table_serving(&t, 1), "socket-third");
        assert_int_equal(k.proofs, 1);
        /* exec twice, listen and connect three times each */
        assert_int_equal(hook_table_report(&t, 3, hooks, ARRAY_SIZE(hooks)), 8);
        assert_int_equal(hooks[0].state, HOOK_SERVING);
        assert_int_equal(hooks[1].state, HOOK_UNTRIED);
        assert_int_equal(hooks[2].state, HOOK_REFUSED);
        assert_string_equal(hooks[2].reason, "not here");
        assert_int_equal(hooks[4].state, HOOK_SERVING);
        assert_int_equal(hook_table_report(&t, 3, hooks, 1), 8);
}

/* It attached, and nothing came: that is no hook. */
static void test_silent_is_taken_back(void **state)
{
        (void)state;
        struct kernel k = good_kernel();
        struct hook_table t;
        struct hook hooks[16];
        k.brings[0][0] = 0;
        k.brings[1][0] = LISTEN; /* half of it is not enough */
        hook_table_init(&t, sources, 2);
        assert_int_equal(hook_table_settle(&t, 3, &ops, &k), 3);
        assert_int_equal(k.attached[0], 1);
        assert_int_equal(k.attached[1], 1);
        assert_int_equal(k.proofs, 2);
        hook_table_report(&t, 3, hooks, ARRAY_SIZE(hooks));
        assert_int_equal(hooks[0].state, HOOK_SILENT);
        assert_non_null(strstr(hooks[0].reason, "exec"));
        assert_int_equal(hooks[2].state, HOOK_SILENT);
        assert_non_null(strstr(hooks[2].reason, "connect"));
        assert_null(strstr(hooks[2].reason, "listen"));
}

static void test_nothing_works(void **state)
{
        (void)state;
        struct kernel k = good_kernel();
        struct hook_table t;
        memset(k.refuses[0], 1, sizeof(k.refuses[0]));
        memset(k.brings[1], 0, sizeof(k.brings[1]));
        hook_table_init(&t, sources, 2);
        assert_int_equal(hook_table_settle(&t, 3, &ops, &k), 0);
        assert_null(hook_table_serving(&t, 0));
        assert_null(hook_table_serving(&t, 1));
        assert_int_equal(k.attached[0], -1);
        assert_int_equal(k.attached[1], -1);
}

static void test_only_what_is_wanted(void **state)
{
        (void)state;
        struct kernel k = good_kernel();
        struct hook_table t;
        struct hook hooks[16];
        hook_table_init(&t, sources, 2);
        assert_int_equal(hook_table_settle(&t, 2, &ops, &k), 2);
        assert_int_equal(k.attached[0], -1);
        assert_int_equal(hook_table_report(&t, 2, hooks, ARRAY_SIZE(hooks)), 6);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_best_serves),          cmocka_unit_test(test_refused_falls_back),
                cmocka_unit_test(test_silent_is_taken_back), cmocka_unit_test(test_nothing_works),
                cmocka_unit_test(test_only_what_is_wanted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
