/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

static void a_restart_ends_what_was_stale(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look before = LOOK_INIT, upgraded = LOOK_INIT, restarted = LOOK_INIT;
        struct history h;
        struct package old = package_of("libx1", "1.0-1"), new = package_of("libx1", "1.0-2");
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        *vec_add(&before.packages) = old;
        look_see(&before, &old, "a", "/lib/x", 1000);
        commit_look(s, &before, &w, 1, 1000);

        *vec_add(&upgraded.packages) = new;
        look_see(&upgraded, &old, "a", "/lib/x", 1010)->stale = STALE_YES;
        old.stale = true;
        w.last_seen = 1010;
        must(store_begin(s, &error));
        must(store_put_package(s, &old, 1010, &error));
        must(store_commit(s, &error));
        commit_look(s, &upgraded, &w, 1, 1010);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 2);
        assert_int_equal(h.packages.items[0].stale + h.packages.items[1].stale, 1);
        assert_int_equal(h.evidence.items[0].stale, STALE_YES);
        history_done(&h);

        *vec_add(&restarted.packages) = new;
        look_see(&restarted, &new, "a", "/lib/x", 1020)->object = "build-id:2";
        w.last_seen = 1020;
        commit_look(s, &restarted, &w, 1, 1020);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_string_equal(h.packages.items[0].version, "1.0-2");
        assert_int_equal(h.evidence.count, 2); /* the history stays */
        vec_each (e, &h.evidence)
                assert_false(e->stale);
        history_done(&h);
        store_close(s);
}

/* Of a program that ended, whose file could not be compared with the one on disk: that may be it. */
static void what_was_not_compared_may_lie_there_still(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT, later = LOOK_INIT;
        struct history h;
        struct package module = package_of("golang.org/x/text", "0.3.0");
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        must(store_begin(s, &error));
        must(store_put_package(s, &module, 1000, &error));
        must(store_commit(s, &error));
        look_see(&l, &module, "a", "/usr/bin/app", 1000)->stale = STALE_UNKNOWN;
        commit_look(s, &l, &w, 1, 1000);
        load(s, &a, &h);
        assert_int_equal(h.evidence.items[0].stale, STALE_UNKNOWN);
        history_done(&h);
        commit_look(s, &later, &w, 0, 1100);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.evidence.items[0].stale, STALE_NO);
        history_done(&h);
        store_close(s);
}

static void linked_packages_live_as_long_as_their_program(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look l = LOOK_INIT, later = LOOK_INIT;
        struct history h;
        struct package module = package_of("golang.org/x/text", "0.3.0"),
                       newer = package_of("golang.org/x/text", "0.9.0");
        struct workload w = workload_of("a", 1000);
        struct store *s = open_store(STORE_WRITE);
        must(store_begin(s, &error));
        must(store_put_package(s, &module, 1000, &error));
        must(store_commit(s, &error));
        look_see(&l, &module, "a", "/usr/bin/app", 1000);
        commit_look(s, &l, &w, 1, 1000);
        commit_look(s, &later, &w, 0, 1100); /* the program is not running, but it lies there still */
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_false(h.packages.items[0].stale);
        history_done(&h);
        must(store_begin(s, &error));
        must(store_put_package(s, &newer, 1200, &error));
        must(store_commit(s, &error));
        look_see(&later, &newer, "a", "/usr/bin/app", 1200);
        commit_look(s, &later, &w, 1, 1200);
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 1);
        assert_string_equal(h.packages.items[0].version, "0.9.0");
        history_done(&h);
        store_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(a_restart_ends_what_was_stale),
                store_test(what_was_not_compared_may_lie_there_still),
                store_test(linked_packages_live_as_long_as_their_program),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
