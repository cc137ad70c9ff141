/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_runtime.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 6, ROOM = 4, MINUTE = 60 };

/* Processes that were started at 0; one more look each in turn, as far as there is room. */
struct fixture {
        struct worker worker;
        struct watched_process processes[COUNT];
        size_t open;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        for (int n = 0; f && n < COUNT; n++) {
                f->processes[n].pid = n + 1;
                if (map_put(&f->worker.watched, &f->processes[n].pid, sizeof(int), &f->processes[n]) < 0)
                        return -1;
        }
        *state = f;
        return f ? 0 : -1;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        map_done(&f->worker.watched);
        free(f);
        return 0;
}

/* True: its session was still there. */
static bool look(struct fixture *f, int number, uint64_t seconds)
{
        struct watched_process *p = &f->processes[number], *rests;
        bool open = p->session_count && !p->rests;
        p->used = seconds * NS_PER_S;
        p->session_count = 1;
        p->rests = false;
        f->open += !open;
        if (f->open > ROOM) {
                rests = worker_next_to_rest(&f->worker, p);
                assert_true(rests && rests->session_count && !rests->rests);
                rests->rests = true;
                f->open--;
        }
        return open;
}

static void nobody_rests_where_nobody_is_open(void **state)
{
        struct fixture *f = *state;
        assert_null(worker_next_to_rest(&f->worker, NULL));
        assert_null(worker_next_to_rest(&f->worker, &f->processes[0]));
}

static void of_those_that_run_in_turn_most_stay(void **state)
{
        struct fixture *f = *state;
        size_t kept = 0;
        for (uint64_t round = 2; round < 12; round++)
                for (int n = 0; n < COUNT; n++)
                        kept += look(f, n, round * MINUTE + (uint64_t)n);
        assert_int_equal(kept, 9 * ROOM);
}

static void who_does_not_run_any_more_makes_room(void **state)
{
        struct fixture *f = *state;
        for (int n = 0; n < ROOM; n++)
                look(f, n, 2 * MINUTE);
        look(f, 0, 9 * MINUTE);
        look(f, 4, 9 * MINUTE);
        assert_true(look(f, 0, 10 * MINUTE));
        assert_true(look(f, 4, 10 * MINUTE));
}

/* It is looked at again in a moment. */
static void who_is_young_stays(void **state)
{
        struct fixture *f = *state;
        for (int n = 0; n < ROOM; n++)
                look(f, n, 2 * MINUTE + (uint64_t)n);
        f->processes[5].start = 2 * MINUTE * NS_PER_S;
        look(f, 5, 2 * MINUTE + 10);
        assert_true(look(f, 5, 2 * MINUTE + 20));
        assert_false(look(f, 0, 3 * MINUTE));
}

/* Its look was broken off, and would begin anew; but not without end. */
static void who_was_not_looked_at_in_whole_stays(void **state)
{
        struct fixture *f = *state;
        for (int n = 0; n < 2; n++)
                look(f, n, 2 * MINUTE + (uint64_t)n);
        f->processes[1].sessions[0].more = true;
        f->worker.watched_size = 9 << 20;
        assert_ptr_equal(worker_next_to_rest(&f->worker, &f->processes[1]), &f->processes[0]);
        f->processes[0].rests = true;
        assert_null(worker_next_to_rest(&f->worker, &f->processes[1]));
        f->worker.watched_size = 33 << 20;
        assert_ptr_equal(worker_next_to_rest(&f->worker, &f->processes[1]), &f->processes[1]);
}

static size_t size_of_state(const void *state)
{
        return *(const size_t *)state;
}

static void who_knows_more_than_is_kept_does_not_go_on(void **state _unused_)
{
        static const struct engine engine = {.size = size_of_state};
        size_t size = 1 << 20;
        struct watched_process p = {.sessions = {{.engine = &engine, .state = &size, .more = true}},
                                    .session_count = 1};
        worker_give_up_if_too_large(&p);
        assert_true(p.sessions[0].more && !p.too_large);
        size = 64 << 20;
        worker_give_up_if_too_large(&p);
        assert_true(!p.sessions[0].more && p.too_large);
        /* Who is done may be as large as he wants: he is told of, and then let go. */
        worker_give_up_if_too_large(&p);
        assert_false(p.too_large);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(nobody_rests_where_nobody_is_open, setup, teardown),
                cmocka_unit_test_setup_teardown(of_those_that_run_in_turn_most_stay, setup, teardown),
                cmocka_unit_test_setup_teardown(who_does_not_run_any_more_makes_room, setup, teardown),
                cmocka_unit_test_setup_teardown(who_is_young_stays, setup, teardown),
                cmocka_unit_test_setup_teardown(who_was_not_looked_at_in_whole_stays, setup, teardown),
                cmocka_unit_test(who_knows_more_than_is_kept_does_not_go_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
