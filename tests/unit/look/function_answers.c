/* SPDX-License-Identifier: Apache-2.0 */
#include "look/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A file with one function, and a process that maps it. */
struct scene {
        struct native_watch watch;
        struct probed_file file;
        struct probed_function function;
        struct probed_file *watched;
        struct mapping mapping;
};

static void scene_make(struct scene *s)
{
        *s = (struct scene){.file = {.serial = 7, .fd = -1},
                            .function = {.armed = true, .found.site_count = 1},
                            .mapping = {.start = 4096, .end = 8192, .inode = 5, .path = "/lib/a.so"}};
        s->watched = &s->file;
        s->file.functions.items = &s->function;
        s->file.functions.count = 1;
        s->watch.watched.items = &s->watched;
        s->watch.watched.count = 1;
}

static struct entry *entry_in(const struct scene *s, const char *workload)
{
        struct entry *e = entry_new(10);
        assert_non_null(e);
        e->process = (struct process){.pid = 10, .start = 100, .workload_id = workload};
        struct mapping *m = vec_add(&e->process.mappings);
        assert_non_null(m);
        *m = s->mapping;
        return e;
}

/* Which answers of an entry that has all are kept by the one that follows it: 1 calls, 2 breaks. */
static int kept(const struct scene *s, struct entry *after)
{
        struct entry *before = entry_in(s, "one");
        assert_int_equal(function_note_answer(&before->calls_read, &s->file), 0);
        assert_int_equal(function_note_answer(&before->breaks_checked, &s->file), 0);
        functions_keep_answers(&s->watch, before, after);
        int result = function_has_answered(&after->calls_read, &s->file) |
                     function_has_answered(&after->breaks_checked, &s->file) << 1;
        entry_free(before);
        entry_free(after);
        return result;
}

static void test_who_is_the_same_is_not_asked_again(void **state)
{
        (void)state;
        struct scene s;
        scene_make(&s);
        assert_int_equal(kept(&s, entry_in(&s, "one")), 3);
}

/* Code can lose its probes without a change that is told. */
static void test_each_look_at_all_looks_for_the_probes(void **state)
{
        (void)state;
        struct scene s;
        scene_make(&s);
        struct entry *e = entry_in(&s, "one");
        e->round = 1; /* the one before was of look 0 */
        assert_int_equal(kept(&s, e), 1);
}

static void test_who_has_changed_is_asked_again(void **state)
{
        (void)state;
        struct scene s;
        scene_make(&s);
        assert_int_equal(kept(&s, entry_in(&s, "other")), 0);
        struct entry *e = entry_in(&s, "one");
        e->process.start = 200;
        assert_int_equal(kept(&s, e), 0);
        e = entry_in(&s, "one");
        e->process.mappings.items[0].end = 12288;
        assert_int_equal(kept(&s, e), 0);
        e = entry_in(&s, "one");
        e->process.mappings.items[0].unprobed = true;
        assert_int_equal(kept(&s, e), 0);
}

static void test_where_no_event_tells_of_mappings_all_are_asked_again(void **state)
{
        (void)state;
        struct scene s;
        scene_make(&s);
        s.watch.blind = true;
        assert_int_equal(kept(&s, entry_in(&s, "one")), 0);
}

/* What no probe tells of, slots may yet. */
static void test_slots_are_read_again_where_no_probe_is(void **state)
{
        (void)state;
        struct scene s;
        scene_make(&s);
        s.function.armed = false;
        assert_int_equal(kept(&s, entry_in(&s, "one")), 2);
        s.function.found.site_count = 0; /* there is no such code */
        assert_int_equal(kept(&s, entry_in(&s, "one")), 3);
}

static void test_doubt(void **state)
{
        (void)state;
        struct scene s;
        scene_make(&s);
        struct table table = {};
        struct entry *e = entry_in(&s, "one");
        struct probed_file later = {.serial = 8};
        assert_int_equal(table_put(&table, e), 0);
        assert_int_equal(function_note_answer(&e->breaks_checked, &s.file), 0);
        assert_int_equal(function_note_answer(&e->breaks_checked, &later), 0);
        function_ask_again(&e->breaks_checked, &s.file);
        assert_false(function_has_answered(&e->breaks_checked, &s.file));
        assert_true(function_has_answered(&e->breaks_checked, &later));
        functions_doubt_all_answers(&table);
        assert_false(function_has_answered(&e->breaks_checked, &later));
        table_done(&table);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_is_the_same_is_not_asked_again),
                cmocka_unit_test(test_each_look_at_all_looks_for_the_probes),
                cmocka_unit_test(test_who_has_changed_is_asked_again),
                cmocka_unit_test(test_where_no_event_tells_of_mappings_all_are_asked_again),
                cmocka_unit_test(test_slots_are_read_again_where_no_probe_is),
                cmocka_unit_test(test_doubt),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
