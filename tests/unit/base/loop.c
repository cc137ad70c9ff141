/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/clock.h"

#include <errno.h>
#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct counter {
        struct loop *loop;
        int calls, end_at, fd, other;
};

static int count(void *context)
{
        struct counter *c = context;
        return ++c->calls >= c->end_at ? 42 : 0;
}

static int remove_other(void *context)
{
        struct counter *c = context;
        c->calls++;
        loop_remove_fd(c->loop, c->other);
        return 0;
}

static void timers_repeat_or_not(void **state _unused_)
{
        _cleanup_loop_ struct loop *l = NULL;
        assert_int_equal(loop_new(&l), 0);
        struct counter often = {.end_at = 5}, once = {.end_at = 100};
        uint64_t begin = clock_boottime();
        assert_int_equal(loop_add_timer(l, 1000000, 2000000, count, &often), 0);
        assert_int_equal(loop_add_timer(l, 0, 0, count, &once), 0);
        assert_int_equal(loop_run(l), 42);
        assert_int_equal(often.calls, 5);
        assert_int_equal(once.calls, 1);
        assert_true(clock_boottime() - begin >= 9000000);
}

static void unread_bytes_call_again(void **state _unused_)
{
        _cleanup_loop_ struct loop *l = NULL;
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "x", 1), 1);
        assert_int_equal(loop_new(&l), 0);
        struct counter c = {.end_at = 3};
        assert_int_equal(loop_add_fd(l, ends[0], count, &c), 0);
        assert_int_equal(loop_run(l), 42);
        assert_int_equal(c.calls, 3);
        assert_int_equal(loop_add_fd(l, -1, count, &c), -EBADF);
        close(ends[0]);
        close(ends[1]);
}

/* Two descriptors are ready in one round; the first handler removes the second. */
static void what_was_removed_is_not_called(void **state _unused_)
{
        _cleanup_loop_ struct loop *l = NULL;
        int one[2], two[2];
        assert_int_equal(pipe(one) | pipe(two), 0);
        assert_int_equal(write(one[1], "x", 1) + write(two[1], "x", 1), 2);
        assert_int_equal(loop_new(&l), 0);
        struct counter first = {.loop = l, .other = two[0]}, second = {.loop = l, .other = one[0]},
                       end = {.end_at = 1};
        assert_int_equal(loop_add_fd(l, one[0], remove_other, &first), 0);
        assert_int_equal(loop_add_fd(l, two[0], remove_other, &second), 0);
        assert_int_equal(loop_add_timer(l, 5000000, 0, count, &end), 0);
        assert_int_equal(loop_run(l), 42);
        assert_true((first.calls == 0) != (second.calls == 0));
        for (int i = 0; i < 2; i++) {
                close(one[i]);
                close(two[i]);
        }
}

static void signals_arrive_as_calls(void **state _unused_)
{
        _cleanup_loop_ struct loop *l = NULL;
        assert_int_equal(loop_new(&l), 0);
        struct counter c = {.end_at = 1};
        assert_int_equal(loop_add_signal(l, SIGUSR1, count, &c), 0);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(loop_run(l), 42);
        assert_int_equal(c.calls, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(timers_repeat_or_not),
                cmocka_unit_test(unread_bytes_call_again),
                cmocka_unit_test(what_was_removed_is_not_called),
                cmocka_unit_test(signals_arrive_as_calls),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
