/* SPDX-License-Identifier: Apache-2.0 */
#include "look/state.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A file with one function that is watched since `since`, used by one workload since then. */
static struct probed_file *add_file(struct native_watch *n, const char *key, int64_t since,
                                    const char *unarmed)
{
        struct probed_file *f = calloc(1, sizeof(*f));
        assert_non_null(f);
        const char *object = strrchr(key, '\n') + 1;
        *f = (struct probed_file){
                .key = (char *)key, .object = *object ? object : NULL, .fd = -1, .resolved = true};
        struct probed_function *p = vec_add(&f->functions);
        struct probed_user *user = vec_add(&f->users);
        assert_true(p && user);
        *p = (struct probed_function){.package = "go x/text",
                                      .subject = "golang.org/x/text/language.Parse",
                                      .unarmed = unarmed,
                                      .armed = !unarmed,
                                      .since = since};
        *user = (struct probed_user){.workload = (char *)"shop", .since = since};
        assert_int_equal(map_put_str(&n->files, key, f), 0);
        struct probed_file **watched = vec_add(&n->watched);
        assert_non_null(watched);
        *watched = f;
        return f;
}

static void free_files(struct native_watch *n)
{
        size_t i = 0;
        for (void *value; map_next(&n->files, &i, NULL, NULL, &value);) {
                struct probed_file *f = value;
                vec_done(&f->functions);
                vec_done(&f->users);
                free(f);
        }
        map_done(&n->files);
        vec_done(&n->watched);
}

/* What the history says of the function, after a look at all files, or at those with news. */
static struct function_coverage join(struct look *l, bool all, size_t count)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct joined joined = {};
        struct function_coverage c = {};
        assert_int_equal(functions_join(l, all, 100, &a, &joined), 0);
        assert_int_equal(joined.functions.count, count);
        if (count)
                c = joined.functions.items[0];
        joined_done(&joined);
        return c;
}

/* A host that may have been running when its guard came runs its copy unseen; who began later has none. */
static void test_hosts_that_run_already(void **state)
{
        (void)state;
        struct native_site guard = {};
        for (int later = 0; later < 2; later++) {
                struct look l = {};
                struct probed_file *f = add_file(&l.native, "host\n/a\n", 20, NULL);
                struct probed_function *p = &f->functions.items[0];
                p->found = (struct native_function){.guards = &guard, .guard_count = 1, .entered = true};
                p->guarded = true;
                f->users.items[0].oldest = later ? 20 : 19;
                struct function_coverage c = join(&l, true, 1);
                assert_int_equal(c.reason == NULL, later);
                p->found.entered = false;
                c = join(&l, true, 1);
                assert_null(c.reason);
                free_files(&l.native);
        }
}

/* Two programs without a name of their own hold the same module: nobody may be told silent for the other. */
static void test_twins_are_silent_together(void **state)
{
        (void)state;
        for (int order = 0; order < 2; order++) {
                struct look l = {};
                add_file(&l.native, order ? "1\n\n" : "2\n\n", 20, NULL);
                add_file(&l.native, order ? "2\n\n" : "1\n\n", 10, NULL);
                struct function_coverage c = join(&l, true, 1);
                assert_null(c.reason);
                assert_int_equal(c.since, 20);
                free_files(&l.native);
        }
}

static void test_one_that_is_not_watched_is_told_for_its_twins(void **state)
{
        (void)state;
        for (int order = 0; order < 2; order++) {
                struct look l = {};
                struct probed_file *armed = add_file(&l.native, order ? "1\n\n" : "2\n\n", 10, NULL);
                add_file(&l.native, order ? "2\n\n" : "1\n\n", 10, "too many");
                assert_string_equal(join(&l, true, 1).reason, "too many");
                join(&l, false, 0);
                armed->news = true; /* the other one has none */
                assert_string_equal(join(&l, false, 1).reason, "too many");
                free_files(&l.native);
        }
}

/* Silence begins with the next whole second: one that is told before that has no length yet. */
static void test_silence_does_not_end_before_it_begins(void **state)
{
        (void)state;
        struct look l = {};
        add_file(&l.native, "1\n\n", 101, NULL);
        struct function_coverage c = join(&l, true, 1);
        assert_int_equal(c.since, 101);
        assert_int_equal(c.until, 101);
        add_file(&l.native, "2\n\n", 10, NULL);
        c = join(&l, true, 1);
        assert_int_equal(c.since, 101);
        assert_int_equal(c.until, 101);
        free_files(&l.native);
}

static void test_other_objects_speak_for_themselves(void **state)
{
        (void)state;
        struct look l = {};
        add_file(&l.native, "1\n\nbuild-id:01", 10, NULL);
        add_file(&l.native, "2\n\nbuild-id:02", 20, "too many");
        join(&l, true, 2);
        free_files(&l.native);
}

/* A file was mapped a moment ago that nobody has looked at: of a workload that is not known it may be any. */
static void test_silence_ends_where_a_file_of_nobody_known_waits(void **state)
{
        (void)state;
        for (int held = 0; held < 2; held++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct look l = {};
                struct joined joined = {};
                int64_t moment = clock_wall(), later = moment + 1000;
                l.native.sensor = (struct sensor *)&l; /* it is not asked */
                struct probed_file *f = add_file(&l.native, "1\n\n", 10, NULL);
                struct late_file *late = vec_add(&l.late_files);
                assert_non_null(late);
                *late = (struct late_file){.time = clock_boottime(), .cgroup = 7, .inode = 3, .device = 5};
                f->fd = held ? 0 : -1; /* its probes tell, wherever it was mapped */
                f->inode = held ? 3 : 4;
                f->device = 5;
                assert_int_equal(functions_join(&l, true, later, &a, &joined), 0);
                assert_int_equal(joined.functions.count, 1);
                int64_t until = joined.functions.items[0].until;
                if (held)
                        assert_int_equal(until, later);
                else
                        assert_in_range(until, moment - 1, moment + 100);
                joined_done(&joined);
                vec_done(&l.late_files);
                free_files(&l.native);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hosts_that_run_already),
                cmocka_unit_test(test_twins_are_silent_together),
                cmocka_unit_test(test_one_that_is_not_watched_is_told_for_its_twins),
                cmocka_unit_test(test_silence_does_not_end_before_it_begins),
                cmocka_unit_test(test_other_objects_speak_for_themselves),
                cmocka_unit_test(test_silence_ends_where_a_file_of_nobody_known_waits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
