/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

#include <sqlite3.h>

/* "NAME VERSION INSTALLED LAST" of each package, as they lie in the file. */
static const char *rows(struct arena *a)
{
        sqlite3 *db;
        sqlite3_stmt *q;
        const char *all = "";
        assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
        assert_int_equal(sqlite3_prepare_v2(db,
                                            "SELECT name || ' ' || coalesce(detail, '-') || ' ' || installed"
                                            " || ' ' || last FROM package ORDER BY name",
                                            -1, &q, NULL),
                         SQLITE_OK);
        while (sqlite3_step(q) == SQLITE_ROW)
                all = arena_printf(a, "%s%s\n", all, (const char *)sqlite3_column_text(q, 0));
        sqlite3_finalize(q);
        sqlite3_close(db);
        return all;
}

static void put(struct store *s, const struct package *packages, size_t count, int64_t now)
{
        package_list list = {};
        for (size_t i = 0; i < count; i++)
                *vec_add(&list) = packages[i];
        must(store_begin(s, &error));
        must(store_put_inventory(s, &host_root, &list, now, &error));
        must(store_commit(s, &error));
        vec_done(&list);
}

static void only_what_differs_is_put(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct package p[] = {package_of("a", "1"), package_of("b", "1"), package_of("c", "1")};
        struct store *s = open_store(STORE_WRITE);
        put(s, p, 3, 1000);
        assert_string_equal(rows(&a), "a - 1 1000\nb - 1 1000\nc - 1 1000\n");
        /* One changes, one goes, one comes. */
        struct package next[] = {p[2], p[0], package_of("d", "1")};
        next[1].detail = "new";
        put(s, next, 3, 1010);
        assert_string_equal(rows(&a), "a new 1 1010\nb - 0 1000\nc - 1 1000\nd - 1 1010\n");
        /* The one that went comes back. */
        put(s, p, 3, 1020);
        assert_string_equal(rows(&a), "a - 1 1020\nb - 1 1020\nc - 1 1000\nd - 0 1010\n");
        put(s, NULL, 0, 1030);
        assert_string_equal(rows(&a), "a - 0 1020\nb - 0 1020\nc - 0 1000\nd - 0 1010\n");
        store_close(s);
}

static void all_is_put_now_and_then(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct package p[] = {package_of("a", "1"), package_of("b", "1")};
        struct store *s = open_store(STORE_WRITE);
        put(s, p, 2, 1000);
        put(s, p, 2, 1000 + 29 * 60);
        assert_string_equal(rows(&a), "a - 1 1000\nb - 1 1000\n");
        put(s, p, 2, 1000 + 30 * 60);
        assert_string_equal(rows(&a), "a - 1 2800\nb - 1 2800\n");
        put(s, p, 2, 2000); /* the clock was set back; a time that was stored stays */
        struct package again = p[0];
        again.detail = "x";
        put(s, &again, 1, 2001);
        assert_string_equal(rows(&a), "a x 1 2800\nb - 0 2800\n");
        store_close(s);
}

static void what_another_connection_wrote_is_put_over(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct package p[] = {package_of("a", "1"), package_of("b", "1")};
        struct store *s = open_store(STORE_WRITE), *other = open_store(STORE_WRITE);
        put(s, p, 2, 1000);
        put(other, p, 1, 1005);
        assert_string_equal(rows(&a), "a - 1 1005\nb - 0 1000\n");
        put(s, p, 2, 1010);
        assert_string_equal(rows(&a), "a - 1 1010\nb - 1 1010\n");
        put(s, p, 2, 1020);
        assert_string_equal(rows(&a), "a - 1 1010\nb - 1 1010\n");
        store_close(other);
        store_close(s);
}

static void what_was_rolled_back_is_put_again(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct package p[] = {package_of("a", "1"), package_of("b", "1")};
        package_list list = {.items = p, .count = 2};
        struct store *s = open_store(STORE_WRITE);
        put(s, p, 1, 1000);
        must(store_begin(s, &error));
        must(store_put_inventory(s, &host_root, &list, 1010, &error));
        store_rollback(s);
        assert_string_equal(rows(&a), "a - 1 1000\n");
        put(s, p, 2, 1020);
        assert_string_equal(rows(&a), "a - 1 1020\nb - 1 1020\n");
        store_close(s);
}

/* What is linked into a program bears the same key, and says less of it. */
static void a_row_that_was_put_otherwise_is_put_again(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct package p = package_of("a", "1"), linked = p;
        p.detail = "listed";
        linked.detail = "linked";
        struct store *s = open_store(STORE_WRITE);
        put(s, &p, 1, 1000);
        must(store_begin(s, &error));
        must(store_put_package(s, &linked, 1010, &error));
        must(store_commit(s, &error));
        assert_string_equal(rows(&a), "a linked 3 1010\n");
        put(s, &p, 1, 1020);
        assert_string_equal(rows(&a), "a listed 3 1020\n");
        put(s, NULL, 0, 1030);
        assert_string_equal(rows(&a), "a listed 2 1020\n");
        store_close(s);
}

/* The last of several packages with one key counts, in each look. */
static void twins_are_put_in_their_order(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct package p[] = {package_of("a", "1"), package_of("a", "1"), package_of("b", "1")};
        p[0].detail = "first";
        p[1].detail = "last";
        struct store *s = open_store(STORE_WRITE);
        for (int64_t now = 1000; now < 1030; now += 10) {
                put(s, p, 3, now);
                assert_string_equal(rows(&a), arena_printf(&a, "a last 1 %d\nb - 1 1000\n", (int)now));
        }
        put(s, p, 1, 1030);
        assert_string_equal(rows(&a), "a first 1 1030\nb - 0 1000\n");
        store_close(s);
}

/* More roots than are remembered: they are put in whole. */
static void of_many_roots_none_is_mixed_up(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct store *s = open_store(STORE_WRITE);
        for (int round = 0; round < 2; round++)
                for (int i = 0; i < 100; i++) {
                        struct root root = {.id = arena_printf(&a, "root-%d", i), .description = "r"};
                        struct package p = package_of(arena_printf(&a, "p%d", i), "1");
                        p.root = root.id;
                        package_list list = {.items = &p, .count = 1};
                        must(store_begin(s, &error));
                        must(store_put_inventory(s, &root, &list, 1000 + round, &error));
                        must(store_commit(s, &error));
                }
        struct history h;
        load(s, &a, &h);
        assert_int_equal(h.packages.count, 100);
        history_done(&h);
        store_close(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                store_test(only_what_differs_is_put),
                store_test(all_is_put_now_and_then),
                store_test(what_another_connection_wrote_is_put_over),
                store_test(what_was_rolled_back_is_put_again),
                store_test(a_row_that_was_put_otherwise_is_put_again),
                store_test(twins_are_put_in_their_order),
                store_test(of_many_roots_none_is_mixed_up),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
