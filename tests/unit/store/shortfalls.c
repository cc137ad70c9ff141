/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

static void spared_files_are_kept_until_forgotten(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct history h;
        struct store *s = open_store(STORE_WRITE);
        spared_list list = {}, loaded = {};
        *vec_add(&list) = (struct spared_file){"id", "/x", "victim", "it ended", 500};
        must(store_put_spared(s, &list, &error));
        list.items[0] = (struct spared_file){"id", "/y", "other", "again", 900};
        must(store_put_spared(s, &list, &error));
        must(store_load_spared(s, &a, &loaded, &error));
        assert_int_equal(loaded.count, 1);
        assert_string_equal(loaded.items[0].path, "/x");
        assert_string_equal(loaded.items[0].program, "victim");
        assert_int_equal(loaded.items[0].since, 500);
        load(s, &a, &h);
        assert_int_equal(h.spared.count, 1);
        assert_string_equal(h.spared.items[0].reason, "it ended");
        history_done(&h);
        must(store_forget_spared(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.spared.count, 0);
        history_done(&h);
        vec_done(&loaded);
        vec_done(&list);
        store_close(s);
}

static void what_looks_fell_short_of_is_kept(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct history h;
        struct store *s = open_store(STORE_WRITE);
        const char *const first[] = {"one could not be read", "b", "a"}, *const second[] = {"c"};
        doubt_list doubts = {};
        *vec_add(&doubts) = (struct doubt){"w", "p", "/x", "may be it", 500, 500};
        must(store_begin(s, &error));
        must(store_put_limits(s, first, 3, &error));
        must(store_put_doubts(s, &doubts, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.limits.count, 3);
        for (size_t i = 0; i < 3; i++)
                assert_string_equal(h.limits.items[i], first[i]);
        assert_int_equal(h.doubts.count, 1);
        assert_string_equal(h.doubts.items[0].reason, "may be it");
        history_done(&h);
        /* Limits are those of the last look, doubts are history. */
        doubts.items[0] = (struct doubt){"w", "p", "/x", "still", 900, 900};
        must(store_begin(s, &error));
        must(store_put_limits(s, second, 1, &error));
        must(store_put_doubts(s, &doubts, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.limits.count, 1);
        assert_string_equal(h.limits.items[0], "c");
        assert_int_equal(h.doubts.count, 1);
        assert_int_equal(h.doubts.items[0].first, 500);
        assert_int_equal(h.doubts.items[0].last, 900);
        assert_string_equal(h.doubts.items[0].reason, "still");
        history_done(&h);
        must(store_begin(s, &error));
        must(store_put_limits(s, NULL, 0, &error));
        must(store_prune(s, 1, 900 + 2 * 86400, &error));
        must(store_commit(s, &error));
        load(s, &a, &h);
        assert_int_equal(h.limits.count + h.doubts.count, 0);
        history_done(&h);
        vec_done(&doubts);
        store_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(spared_files_are_kept_until_forgotten),
                store_test(what_looks_fell_short_of_is_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
