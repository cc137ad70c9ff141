/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: of room, time and place. */
#include "made_root.h"

static void test_limits_that_have_no_room_are_counted(void **state)
{
        struct fixture *f = *state;
        const struct inventory_hints hints = {.whole = true, .remember = true};
        struct inventory *inv = NULL;
        for (int i = 0; i < 130; i++) {
                char path[64];
                snprintf(path, sizeof(path), "/srv/%d.jar", i);
                put(f, path, "no archive");
        }
        for (int i = 0; i < 3; i++) {
                size_t count;
                assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
                const char *const *sentences = inventory_limits(inv, &count);
                assert_int_equal(count, 101);
                assert_string_equal(sentences[100], "and 30 more that are not named here");
        }
        inventory_free(inv);
}

static bool is_told(const struct fixture *f, const char *text)
{
        size_t count;
        const char *const *sentences = inventory_limits(f->inventory, &count);
        for (size_t i = 0; i < count; i++)
                if (strstr(sentences[i], text))
                        return true;
        return false;
}

/* What there was no time for is told, and read the next time. */
static void test_time(void **state)
{
        struct fixture *f = *state;
        struct inventory_hints hints = {.whole = true, .remember = true, .until = 1};
        put_dpkg(f);
        put(f, "/srv/node_modules/x/package.json", "{\"name\": \"x\", \"version\": \"1\"}");
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &f->inventory), 0);
        assert_non_null(find(f, "tool"));
        assert_null(find(f, "x"));
        assert_true(is_told(f, "no time was left, from here on"));
        hints.until = 0;
        assert_int_equal(inventory_read(f->fd, "x", &hints, f->inventory, &f->inventory), 0);
        assert_non_null(find(f, "x"));
        assert_false(is_told(f, "no time was left"));
        /* What is known does not go away for want of time. */
        hints.until = 1;
        assert_int_equal(inventory_read(f->fd, "x", &hints, f->inventory, &f->inventory), 0);
        assert_non_null(find(f, "x"));
        assert_true(is_told(f, "no time was left, from here on"));
}

/* Archives share what they may unpack to; what had no room is not taken for all that there is. */
static void test_archives_together(void **state)
{
        struct fixture *f = *state;
        struct inventory_hints hints = {.whole = true, .remember = true, .inflatable = 1};
        char command[8192];
        snprintf(command, sizeof(command), "cp '%s/tests/fuzz/corpus/zip_nested/deflated' '%s/app.jar'",
                 getenv("USEWEAR_SOURCE"), f->path);
        assert_int_equal(system(command), 0);
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &f->inventory), 0);
        assert_true(is_told(f, "archives of this root unpack to more than is sane"));
        hints.inflatable = 0;
        assert_int_equal(inventory_read(f->fd, "x", &hints, f->inventory, &f->inventory), 0);
        assert_false(is_told(f, "archives of this root unpack to more than is sane"));
}

static void test_a_whole_tree(void **state)
{
        struct fixture *f = *state;
        char path[256];
        const struct inventory_hints hints = {.whole = true};
        put_dpkg(f);
        put(f, "/srv/deep/down/site/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
        put(f, "/root/.cache/pip/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
        put(f, "/srv/image/var/lib/dpkg/status", "Package: inner\nVersion: 1\n");
        put(f, "/srv/image/etc/os-release", "ID=debian\n");
        put(f, "/srv/image/usr/lib/python3/dist-packages/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
        snprintf(path, sizeof(path), "%s/srv/pipe.dist-info", f->path);
        assert_int_equal(mkfifo(path, 0644), 0);
        snprintf(path, sizeof(path), "%s/srv/circle", f->path);
        assert_int_equal(symlink(".", path), 0);
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &f->inventory), 0);
        assert_non_null(find(f, "a"));
        assert_null(find(f, "b"));
        assert_null(find(f, "c"));
        assert_null(find(f, "inner"));
        /* What the distribution owns is told, too, with its owner. */
        assert_string_equal(find(f, "tool-py")->owner, "tool");
        size_t limits;
        const char *const *sentences = inventory_limits(f->inventory, &limits);
        bool told = false;
        for (size_t i = 0; i < limits; i++)
                told |= strstr(sentences[i], "left out: /srv/image: a root of its own") != NULL;
        assert_true(told);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_limits_that_have_no_room_are_counted),
                T(test_time),
                T(test_archives_together),
                T(test_a_whole_tree),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
