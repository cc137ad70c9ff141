/* SPDX-License-Identifier: Apache-2.0 */
#include "look/roots.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_new_folders_of_modules_are_known_however_many_there_were),
                cmocka_unit_test(test_what_had_no_time_is_read_again_soon),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
