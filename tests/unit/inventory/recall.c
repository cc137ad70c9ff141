/* SPDX-License-Identifier: Apache-2.0 */
#include "made_root.h"

static void test_only_what_changed_is_read_again(void **state)
{
        static const char site[] = "/usr/lib/python3/dist-packages";
        struct fixture *f = *state;
        const struct inventory_hints hints = {.remember = true};
        struct inventory *inv = NULL;
        char path[256];
        put_dpkg(f);
        for (int i = 0; i < 5; i++) {
                char text[64];
                snprintf(path, sizeof(path), "%s/p%d-1.dist-info/METADATA", site, i);
                snprintf(text, sizeof(text), "Name: p%d\nVersion: 1\n", i);
                put(f, path, text);
                snprintf(path, sizeof(path), "%s/p%d-1.dist-info/RECORD", site, i);
                snprintf(text, sizeof(text), "p%d.py,,\n", i);
                put(f, path, text);
        }
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &inv), 0);
        size_t files = inventory_counts(inv).files, packages = inventory_packages(inv)->count;
        assert_true(inventory_counts(inv).read > 5);
        assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
        assert_int_equal(inventory_counts(inv).read, 0);
        assert_int_equal(inventory_counts(inv).files, files);
        assert_int_equal(inventory_packages(inv)->count, packages);
        assert_string_equal(inventory_owner(inv, "/usr/lib/python3/dist-packages/p3.py", NULL)->name, "p3");
        assert_string_equal(inventory_owner(inv, "/lib/libx.so.1", NULL)->name, "libx1");
        snprintf(path, sizeof(path), "%s/p3-1.dist-info/RECORD", site);
        put(f, path, "q3.py,,\nand.py,,\n");
        assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
        assert_int_equal(inventory_counts(inv).read, 1);
        assert_string_equal(inventory_owner(inv, "/usr/lib/python3/dist-packages/q3.py", NULL)->name, "p3");
        assert_null(inventory_owner(inv, "/usr/lib/python3/dist-packages/p3.py", NULL));
        inventory_free(inv);
}

static int extend(struct fixture *f, const char *place, struct inventory **inv)
{
        const char *const places[] = {"/srv/old", place};
        const struct inventory_hints hints = {
                .remember = true, .places = places, .place_count = ARRAY_SIZE(places)};
        return inventory_extend(f->fd, &hints, *inv, inv);
}

static bool has(const struct inventory *inv, const char *name)
{
        vec_each (p, inventory_packages(inv))
                if (!strcmp(p->name, name))
                        return true;
        return false;
}

static void test_only_new_places_are_walked(void **state)
{
        struct fixture *f = *state;
        const char *const places[] = {"/srv/old"};
        const struct inventory_hints hints = {.remember = true, .places = places, .place_count = 1};
        struct inventory *inv = NULL, *whole = NULL;
        size_t limits;
        put_dpkg(f);
        put(f, "/srv/old/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
        put(f, "/srv/old/broken.jar", "no archive");
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &inv), 0);
        inventory_limits(inv, &limits);
        const struct inventory *before = inv;
        /* Nothing there, there nothing, and nothing new there. */
        put(f, "/srv/empty/tool", "#!/bin/sh\n");
        assert_int_equal(extend(f, "/srv/empty", &inv), INVENTORY_SAME);
        assert_int_equal(extend(f, "/srv/gone", &inv), INVENTORY_SAME);
        assert_int_equal(extend(f, "/srv/old/a-1.dist-info", &inv), INVENTORY_SAME);
        assert_ptr_equal(inv, before);
        /* What came to a place that is known waits for the next walk, also if somebody names the place again
         * … */
        put(f, "/srv/old/late-1.dist-info/METADATA", "Name: late\nVersion: 1\n");
        assert_int_equal(extend(f, "/srv/old", &inv), INVENTORY_SAME);
        /* … but what is below it is looked at when it is named. */
        put(f, "/srv/old/env/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
        assert_int_equal(extend(f, "/srv/old/env", &inv), INVENTORY_MORE);
        assert_true(has(inv, "a") && has(inv, "b") && has(inv, "libx1") && !has(inv, "late"));
        put(f, "/srv/new/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
        put(f, "/srv/new/c-1.dist-info/RECORD", "c.py,,\n");
        assert_int_equal(extend(f, "/srv/new", &inv), INVENTORY_MORE);
        assert_ptr_equal(inv, before); /* it was only added to */
        assert_string_equal(inventory_owner(inv, "/srv/new/c.py", NULL)->name, "c");
        assert_string_equal(inventory_owner(inv, "/lib/libx.so.1", NULL)->name, "libx1");
        size_t now;
        inventory_limits(inv, &now);
        assert_int_equal(now, limits);
        const char *const all[] = {"/srv/old", "/srv/new", "/srv/old/env"};
        const struct inventory_hints again = {
                .remember = true, .places = all, .place_count = ARRAY_SIZE(all)};
        assert_int_equal(inventory_read(f->fd, "host", &again, inv, &whole), 0);
        assert_true(has(whole, "late") && has(whole, "c"));
        inventory_free(whole);
}

/* "NAME VERSION" of all packages, in the order of names, and all limits. */
static const char *all_of(const struct inventory *inv, struct arena *a)
{
        const package_list *packages = inventory_packages(inv);
        size_t count;
        const char *const *limits = inventory_limits(inv, &count);
        const char *text = "", *last = "";
        for (size_t i = 0; i < packages->count; i++) {
                const char *next = NULL;
                vec_each (p, packages)
                        if (strcmp(p->name, last) > 0 && (!next || strcmp(p->name, next) < 0))
                                next = p->name;
                vec_each (p, packages)
                        if (next && !strcmp(p->name, next))
                                text = arena_printf(a, "%s%s %s\n", text, p->name, p->version);
                last = next ? next : last;
        }
        for (size_t i = 0; i < count; i++)
                text = arena_printf(a, "%s%s\n", text, limits[i]);
        return text;
}

/* What comes at a new place may have a rival, or tell a limit: then all is put together anew. */
static void test_what_comes_is_told_as_if_all_were_read(void **state)
{
        static const struct {
                const char *place, *file, *text, *record;
                bool alone;
        } cases[] = {
                {"/srv/b", "/srv/b/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n", "b.py,,\n", true},
                {"/srv/c", "/srv/c/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n", "../old/a.py,,\n",
                 false},
                {"/srv/d", "/srv/d/d-1.dist-info/METADATA", "Name: d\nVersion: 1\n",
                 "../../lib/libx.so.1,,\n", true},
                {"/srv/e", "/srv/e/broken.jar", "no archive", NULL, false},
                {"/srv/f", "/srv/f/f-1.dist-info/METADATA", "Name: f\nVersion: 1\n", "f.py,,\nf.py,,\n",
                 true},
                {"/srv/g", "/srv/g/g-1.dist-info/METADATA", "Name: g\nVersion: 1\n", "g.py,,\n", true},
        };
        struct fixture *f = *state;
        const char *places[ARRAY_SIZE(cases) + 1] = {"/srv/old"};
        struct inventory_hints hints = {.remember = true, .places = places, .place_count = 1};
        struct inventory *inv = NULL;
        put_dpkg(f);
        put(f, "/srv/old/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
        put(f, "/srv/old/a-1.dist-info/RECORD", "a.py,,\n");
        put(f, "/srv/g/h-1.dist-info/METADATA", "Name: h\nVersion: 1\n");
        put(f, "/srv/g/h-1.dist-info/RECORD", "g.py,,\n");
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &inv), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                _cleanup_inventory_ struct inventory *whole = NULL;
                char record[128];
                put(f, cases[i].file, cases[i].text);
                const char *folder = strrchr(cases[i].file, '/');
                snprintf(record, sizeof(record), "%.*s/RECORD", (int)(folder - cases[i].file), cases[i].file);
                if (cases[i].record)
                        put(f, record, cases[i].record);
                const struct inventory *before = inv;
                places[hints.place_count++] = cases[i].place;
                assert_int_equal(inventory_extend(f->fd, &hints, inv, &inv), INVENTORY_MORE);
                assert_int_equal(inv == before, cases[i].alone);
                assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &whole), 0);
                assert_string_equal(all_of(inv, &a), all_of(whole, &a));
                static const char *const paths[] = {"/srv/b/b.py", "/srv/old/a.py", "/lib/libx.so.1",
                                                    "/srv/f/f.py", "/srv/g/g.py"};
                for (size_t n = 0; n < ARRAY_SIZE(paths); n++) {
                        bool tie = false, whole_tie = false;
                        const struct package *x = inventory_owner(inv, paths[n], &tie),
                                             *y = inventory_owner(whole, paths[n], &whole_tie);
                        assert_string_equal(x ? x->name : "", y ? y->name : "");
                        assert_int_equal(tie, whole_tie);
                }
        }
        inventory_free(inv);
}

static int walk_again(struct fixture *f, struct inventory **inv)
{
        static const char *const paths[] = {"/srv/app", "/srv/site-packages"};
        static const bool again[] = {true, true};
        const struct inventory_hints hints = {
                .remember = true, .python_paths = paths, .python_path_count = 2, .python_again = again};
        return inventory_extend(f->fd, &hints, *inv, inv);
}

/* A folder of modules that changed is walked alone, and what has gone from it is forgotten. */
static void test_folders_of_modules_are_walked_again(void **state)
{
        struct fixture *f = *state;
        struct inventory *inv = NULL;
        static const char *const paths[] = {"/srv/app", "/srv/site-packages"};
        const struct inventory_hints hints = {
                .remember = true, .python_paths = paths, .python_path_count = 2};
        put_dpkg(f);
        put(f, "/srv/app/script.py", "import a\n");
        put(f, "/srv/site-packages/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
        put(f, "/srv/site-packages/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &inv), 0);
        assert_true(has(inv, "a") && has(inv, "b"));
        put(f, "/srv/app/output.txt", "a script's folder changes all the time\n");
        assert_int_equal(walk_again(f, &inv), INVENTORY_SAME);
        put(f, "/srv/site-packages/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
        assert_int_equal(walk_again(f, &inv), INVENTORY_MORE);
        assert_true(has(inv, "a") && has(inv, "b") && has(inv, "c") && has(inv, "libx1"));
        assert_int_equal(unlinkat(f->fd, "srv/site-packages/a-1.dist-info/METADATA", 0), 0);
        assert_int_equal(unlinkat(f->fd, "srv/site-packages/a-1.dist-info", AT_REMOVEDIR), 0);
        assert_int_equal(walk_again(f, &inv), INVENTORY_MORE);
        assert_true(!has(inv, "a") && has(inv, "b") && has(inv, "c") && has(inv, "libx1"));
        put(f, "/srv/site-packages/b-1.dist-info/METADATA", "Name: b\nVersion: 2\n");
        assert_int_equal(walk_again(f, &inv), INVENTORY_MORE);
        vec_each (p, inventory_packages(inv))
                assert_true(strcmp(p->name, "b") || !strcmp(p->version, "2"));
        assert_int_equal(walk_again(f, &inv), INVENTORY_SAME);
        inventory_free(inv);
}

/* Metadata that an upgrade left behind lists the same files. */
static void test_a_tie_stays_one_when_nothing_is_read_again(void **state)
{
        struct fixture *f = *state;
        const struct inventory_hints hints = {.remember = true};
        struct inventory *inv = NULL;
        put_dpkg(f);
        for (int i = 1; i <= 2; i++) {
                char path[256], text[64];
                snprintf(path, sizeof(path), "/usr/lib/python3/dist-packages/both-%d.dist-info/METADATA", i);
                snprintf(text, sizeof(text), "Name: both\nVersion: %d\n", i);
                put(f, path, text);
                snprintf(path, sizeof(path), "/usr/lib/python3/dist-packages/both-%d.dist-info/RECORD", i);
                put(f, path, "both.py,,\n");
        }
        for (int i = 0; i < 3; i++) {
                package_refs refs = {};
                bool tie = false;
                assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
                assert_true(i == 0 || inventory_counts(inv).read == 0);
                assert_null(inventory_owner(inv, "/usr/lib/python3/dist-packages/both.py", &tie));
                assert_true(tie);
                assert_int_equal(inventory_owners(inv, "/usr/lib/python3/dist-packages/both.py", &refs), 0);
                assert_int_equal(refs.count, 2);
                vec_done(&refs);
        }
        inventory_free(inv);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_only_what_changed_is_read_again),
                T(test_only_new_places_are_walked),
                T(test_what_comes_is_told_as_if_all_were_read),
                T(test_folders_of_modules_are_walked_again),
                T(test_a_tie_stays_one_when_nothing_is_read_again),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
