/* SPDX-License-Identifier: Apache-2.0 */
#include "look/roots.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct known_root *note(struct root_table *t, const char *path, uint64_t round)
{
        struct entry e = {.pid = 1, .process.root = {.id = "host"}};
        const char **slot = vec_add(&e.process.python_paths);
        assert_non_null(slot);
        *slot = path;
        struct known_root *r = roots_note(t, &e, round);
        assert_non_null(r);
        vec_done(&e.process.python_paths);
        return r;
}

static bool knows(const struct known_root *r, const char *path)
{
        bool known = false;
        vec_each (other, &r->python_paths)
                known |= !strcmp(*other, path);
        return known;
}

/* A host that makes an environment for each job never runs out of room for new ones. */
static void test_new_folders_of_modules_are_known_however_many_there_were(void **state)
{
        (void)state;
        struct root_table t = {};
        struct known_root *r = NULL;
        char path[64];
        for (int i = 0; i <= ROOT_PYTHON_PATHS; i++) {
                snprintf(path, sizeof(path), "/job/%d/site-packages", i);
                r = note(&t, path, 1);
        }
        assert_true(r->crowded && !knows(r, path)); /* and it is said */
        note(&t, path, 1);
        assert_int_equal(r->python_paths.count, ROOT_PYTHON_PATHS); /* a small look forgets nothing */
        note(&t, path, 2);
        note(&t, "/other/site-packages", 2);
        assert_true(knows(r, path) && knows(r, "/other/site-packages") && !r->crowded && r->changed);
        roots_done(&t);
}

static struct known_root *note_at(struct root_table *t, int pid, uint64_t mount_ns, const char *place,
                                  uint64_t round)
{
        struct entry e = {.pid = pid, .process = {.mount_ns = mount_ns, .root = {.id = "host"}}};
        const char **slot = place ? vec_add(&e.process.places) : NULL;
        if (slot)
                *slot = place;
        struct known_root *r = roots_note(t, &e, round);
        assert_non_null(r);
        vec_done(&e.process.places);
        return r;
}

static int ended_process(void)
{
        pid_t pid = fork();
        if (!pid)
                _exit(0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        return pid;
}

/* The first mount namespace is the one that the root is read through, until nobody lives in it. */
static void test_one_way_in_for_each_mount_namespace(void **state)
{
        (void)state;
        struct root_table t = {};
        int ended = ended_process();
        note_at(&t, 2, 0, NULL, 1); /* a kernel thread */
        note_at(&t, getpid(), 100, NULL, 1);
        note_at(&t, ended, 200, NULL, 1);
        struct known_root *r = note_at(&t, 11, 100, NULL, 1);
        note_at(&t, 30, 300, NULL, 1);
        note_at(&t, 21, 200, NULL, 1);
        note_at(&t, 3, 0, NULL, 1);
        assert_int_equal(r->first.pid, getpid());
        assert_int_equal(r->first.mount_ns, 100);
        assert_int_equal(r->others.count, 2);
        assert_int_equal(r->others.items[0].pid, 21);
        assert_true(r->has_urgent_news);
        roots_sweep(&t, 1);
        assert_int_equal(r->others.count, 2);
        note_at(&t, 30, 300, NULL, 2);
        note_at(&t, 20, 200, NULL, 2);
        r->changed = false;
        roots_sweep(&t, 2);
        assert_int_equal(r->first.mount_ns, 200);
        assert_int_equal(r->others.count, 1);
        assert_int_equal(r->others.items[0].mount_ns, 300);
        assert_true(r->changed); /* another one sees other things */
        for (uint64_t i = 0; i < ROOT_NAMESPACES; i++)
                note_at(&t, 1000, 1000 + i, NULL, 3);
        assert_int_equal(r->others.count, ROOT_NAMESPACES);
        assert_int_equal(r->others_left, 1);
        roots_done(&t);
}

static bool has_place(const struct known_root *r, const char *path)
{
        bool known = false;
        vec_each (place, &r->places)
                known |= !strcmp(*place, path);
        return known;
}

/* What is known stays, what has no room is said, and the places of the dead make room. */
static void test_more_places_than_are_known(void **state)
{
        (void)state;
        struct root_table t = {};
        struct known_root *r = note_at(&t, 1, 1, "/lives", 1);
        char path[64];
        for (int i = 0; i < ROOT_PLACES; i++) {
                snprintf(path, sizeof(path), "/job/%d", i);
                note_at(&t, 1, 1, path, 1);
        }
        assert_int_equal(r->places.count, ROOT_PLACES);
        assert_true(r->places_full && has_place(r, "/lives") && !has_place(r, path));
        note_at(&t, 1, 1, "/lives", 2);
        roots_sweep(&t, 2);
        assert_false(r->places_full);
        assert_int_equal(r->places.count, 1);
        assert_true(has_place(r, "/lives"));
        note_at(&t, 1, 1, path, 2);
        note_at(&t, 1, 1, path, 2);
        assert_int_equal(r->places.count, 2);
        roots_done(&t);
}

static void read_root(struct known_root *r, struct inventory_budget *b, bool late)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 16);
        inventory_reply_pack(&(struct inventory_reply){.cpu_ns = 1000000, .late = late}, &bytes);
        struct wire reply = WIRE_INIT(bytes.data, bytes.size);
        assert_int_equal(roots_read(r, b, &reply), 0);
        roots_committed(r);
}

/* What was not read for want of time is not put off until the inventory is old. */
static void test_what_had_no_time_is_read_again_soon(void **state)
{
        (void)state;
        struct root_table t = {};
        struct inventory_budget b = {};
        struct known_root *r = note(&t, "/job/site-packages", 1);
        read_root(r, &b, true);
        assert_int_equal(roots_due(r, &b, clock_boottime()), ROOT_WHOLE);
        read_root(r, &b, false);
        assert_int_equal(roots_due(r, &b, clock_boottime()), ROOT_RESTS);
        roots_done(&t);
}

/* What others have mounted is looked at with the next look; a new place that all see waits a minute. */
static void test_a_new_mount_namespace_is_looked_at_at_once(void **state)
{
        (void)state;
        struct root_table t = {};
        struct inventory_budget b = {};
        struct known_root *r = note_at(&t, getpid(), 100, "/all", 1);
        read_root(r, &b, false);
        note_at(&t, getpid(), 100, "/all/see", 1);
        assert_int_equal(roots_due(r, &b, clock_boottime()), ROOT_RESTS);
        assert_int_equal(roots_due(r, &b, clock_boottime() + INVENTORY_NEWS_S * NS_PER_S), ROOT_NEWS);
        note_at(&t, 20, 200, NULL, 1);
        assert_int_equal(roots_due(r, &b, clock_boottime()), ROOT_NEWS);
        read_root(r, &b, false);
        note_at(&t, 20, 200, NULL, 1);
        assert_int_equal(roots_due(r, &b, clock_boottime()), ROOT_RESTS);
        note_at(&t, 20, 200, "/volume", 1); /* mounted after it was looked at */
        assert_int_equal(roots_due(r, &b, clock_boottime()), ROOT_NEWS);
        b.credit = -1;
        assert_int_equal(roots_due(r, &b, b.at), ROOT_RESTS);
        roots_done(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_new_folders_of_modules_are_known_however_many_there_were),
                cmocka_unit_test(test_one_way_in_for_each_mount_namespace),
                cmocka_unit_test(test_more_places_than_are_known),
                cmocka_unit_test(test_what_had_no_time_is_read_again_soon),
                cmocka_unit_test(test_a_new_mount_namespace_is_looked_at_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
