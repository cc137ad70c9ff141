/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

static void forgetting_weakens_no_yes(void **state _unused_)
{
        enum { DAY = 86400, LATE = 200 * DAY };
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        _cleanup_look_ struct look first = LOOK_INIT, later = LOOK_INIT;
        struct history h;
        struct package kept = package_of("kept", "1"), gone = package_of("gone", "1");
        struct workload w[2] = {workload_of("a", 1000), workload_of("b", 1000)};
        struct store *s = open_store(STORE_WRITE);
        *vec_add(&first.packages) = kept;
        *vec_add(&first.packages) = gone;
        look_see(&first, &kept, "a", "/lib/detail", 900);
        look_see(&first, &kept, "a", "/lib/kept", 1000);
        look_see(&first, &gone, "a", "/lib/gone", 1000);
        look_see(&first, &gone, "b", "/lib/gone", 1000);
        *vec_add(&first.losses) = (struct loss){"old", 1, 1000, 1000};
        commit_look(s, &first, w, 2, 1000);
        *vec_add(&later.packages) = kept;
        w[0].last_seen = LATE;
        commit_look(s, &later, w, 1, LATE);
        must(store_begin(s, &error));
        must(store_prune(s, 90, LATE, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 1);
        assert_string_equal(h.evidence.items[0].subject, "/lib/kept");
        assert_int_equal(h.packages.count, 1);
        assert_int_equal(h.workloads.count, 1);
        assert_int_equal(h.losses.count, 0);
        history_done(&h);
        /* Names were forgotten too, and can be put again. */
        commit_look(s, &first, w, 2, LATE + 1);
        load(s, &a, &h);
        assert_int_equal(h.evidence.count, 4);
        history_done(&h);
        store_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(forgetting_weakens_no_yes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
