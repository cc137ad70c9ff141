/* SPDX-License-Identifier: Apache-2.0 */
#include "look/quiet.h"

#include "host/process.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint64_t start = 7 * PROCESS_START_GRAIN;

static struct activity_thread thread_of(uint32_t tid, uint64_t switches)
{
        return (struct activity_thread){.tgid = 10,
                                        .tid = tid,
                                        .start = start + 3, /* finer than procfs tells */
                                        .switches = switches,
                                        .ended_switches = 5,
                                        .runtime = 100 * switches,
                                        .ended_runtime = 50,
                                        .groups = 0x1000};
}

static struct quiet_mark mark_of(const struct activity_thread *threads, size_t count)
{
        struct quiet q = {.arena = ARENA_INIT(1 << 20)};
        for (size_t i = 0; i < count; i++)
                assert_int_equal(quiet_add(&q, &threads[i]), 0);
        struct quiet_mark mark = quiet_mark_of(&q, 10, start);
        assert_int_equal(quiet_mark_of(&q, 11, start).threads, 0);
        assert_int_equal(quiet_mark_of(&q, 10, start + PROCESS_START_GRAIN).threads, 0);
        assert_true(quiet_knows(&q, 10));
        assert_false(quiet_knows(&q, 11));
        quiet_done(&q);
        return mark;
}

static void test_same(void **state)
{
        struct activity_thread threads[] = {thread_of(10, 20), thread_of(12, 3)};
        struct quiet_mark a = mark_of(threads, 2), b = mark_of(threads, 2);
        assert_int_equal(a.threads, 2);
        assert_int_equal(a.switches, 20 + 3 + 5);
        assert_int_equal(a.runtime, 2000 + 300 + 50);
        assert_true(quiet_since(&a, &b));
        /* Whoever ran when it was marked has to leave its CPU, and is counted then. */
        a.running = true;
        assert_true(quiet_since(&a, &b));
        (void)state;
}

static void test_ran(void **state)
{
        struct activity_thread threads[] = {thread_of(10, 20), thread_of(12, 3)};
        struct quiet_mark before = mark_of(threads, 2), now;
        threads[1].switches++; /* a run so short that no time was charged */
        now = mark_of(threads, 2);
        assert_false(quiet_since(&before, &now));
        threads[1] = thread_of(12, 3);
        threads[1].running = true;
        now = mark_of(threads, 2);
        assert_false(quiet_since(&before, &now));
        threads[1] = thread_of(12, 3);
        threads[0].runtime++;
        now = mark_of(threads, 2);
        assert_false(quiet_since(&before, &now));
        (void)state;
}

/* A thread that begins and ends between two marks leaves its counts to the process. */
static void test_threads_come_and_go(void **state)
{
        struct activity_thread threads[] = {thread_of(10, 20), thread_of(12, 3)};
        struct quiet_mark one = mark_of(threads, 1), two = mark_of(threads, 2);
        assert_false(quiet_since(&one, &two));
        assert_false(quiet_since(&two, &one));
        threads[0].ended_switches = 8;
        struct quiet_mark later = mark_of(threads, 1);
        assert_false(quiet_since(&one, &later));
        /* It ended while both were read. */
        struct quiet_mark torn = mark_of(threads, 2);
        assert_true(torn.running);
        assert_false(quiet_since(&torn, &torn));
        (void)state;
}

static void test_moved(void **state)
{
        struct activity_thread thread = thread_of(10, 20);
        struct quiet_mark before = mark_of(&thread, 1);
        thread.groups = 0x2000;
        struct quiet_mark now = mark_of(&thread, 1);
        assert_false(quiet_since(&before, &now));
        (void)state;
}

static void test_unknown_is_not_quiet(void **state)
{
        struct quiet_mark none = {};
        struct activity_thread thread = thread_of(10, 20);
        struct quiet_mark now = mark_of(&thread, 1);
        assert_false(quiet_since(&none, &none));
        assert_false(quiet_since(&none, &now));
        assert_false(quiet_since(&now, &none));
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same),
                cmocka_unit_test(test_ran),
                cmocka_unit_test(test_threads_come_and_go),
                cmocka_unit_test(test_moved),
                cmocka_unit_test(test_unknown_is_not_quiet),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
