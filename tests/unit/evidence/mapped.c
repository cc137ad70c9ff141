/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/mapped.h"
#include "host/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct coverage *coverage_of(const coverage_list *list, uint32_t runtime)
{
        const struct coverage *found = NULL;
        vec_each (c, list)
                if (c->runtime == runtime) {
                        assert_null(found);
                        found = c;
                }
        assert_non_null(found);
        return found;
}

static void engines_say_what_they_cover(void **state _unused_)
{
        static const struct {
                struct runtime_cover cover;
                size_t unreadable;
                const char *engine, *reason, *gaps;
                int64_t since;
        } cases[] = {
                {{RUNTIME_PYTHON, "cpython", NULL, NULL, 300}, 0, "cpython", NULL, "no watch before", 300},
                {{RUNTIME_PYTHON, "cpython", NULL, "2 ended", 300},
                 0,
                 "cpython",
                 NULL,
                 "no watch before; 2 ended",
                 300},
                {{RUNTIME_PYTHON, NULL, "pid 7: too late", NULL, 300},
                 0,
                 NULL,
                 "pid 7: too late",
                 "no watch before",
                 500},
                {{RUNTIME_PYTHON, "cpython", NULL, NULL, 300},
                 1,
                 NULL,
                 "1 of its 3 processes could not be read",
                 "no watch before",
                 500},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                coverage_list list = {};
                struct workload w = {.id = "w",
                                     .root = "host",
                                     .processes = 3,
                                     .unreadable = cases[i].unreadable,
                                     .runtimes = RUNTIME_PYTHON};
                assert_int_equal(mapped_coverage(&w, 0, 500, NULL, &cases[i].cover, 1, &a, &list), 0);
                assert_int_equal(list.count, __builtin_popcount(_RUNTIME_ALL));
                const struct coverage *c = coverage_of(&list, RUNTIME_PYTHON);
                const char *const pairs[][2] = {
                        {c->engine, cases[i].engine}, {c->reason, cases[i].reason}, {c->gaps, cases[i].gaps}};
                for (size_t n = 0; n < ARRAY_SIZE(pairs); n++)
                        assert_true(str_equal(pairs[n][0], pairs[n][1]));
                assert_int_equal(c->since, cases[i].since);
                vec_done(&list);
        }
}

static void which_runtimes_are_blind(void **state _unused_)
{
        static const struct {
                uint32_t held;
                size_t unreadable;
                uint32_t runtime;
                const char *reason; /* NULL: covered */
        } cases[] = {
                {RUNTIME_NATIVE, 0, RUNTIME_NATIVE, NULL},
                {RUNTIME_NATIVE, 0, RUNTIME_PYTHON, NULL}, /* nobody could run it */
                {RUNTIME_PYTHON, 0, RUNTIME_NATIVE, NULL},
                {RUNTIME_PYTHON, 0, RUNTIME_PYTHON, "its CPython processes were not looked into"},
                {RUNTIME_NODE, 0, RUNTIME_NODE, "no Node.js engine yet"},
                {RUNTIME_NODE, 0, RUNTIME_PYTHON, NULL},
                {RUNTIME_JAVA | RUNTIME_RUBY, 0, RUNTIME_RUBY, "no Ruby engine yet"},
                {RUNTIME_JAVA, 0, RUNTIME_RUBY, "a JVM may run it (JRuby)"},
                {0, 0, RUNTIME_SHELL, "no shell engine yet"},
                {0, 0, RUNTIME_UNKNOWN, "it has files of unknown kind"},
                {0, 0, RUNTIME_KERNEL, "no engine for kernel modules yet"},
                {0, 2, RUNTIME_NATIVE, "2 of its 3 processes could not be read"},
                {0, 2, RUNTIME_PYTHON, "2 of its 3 processes could not be read"},
                {RUNTIME_PYTHON, 1, RUNTIME_PYTHON, "1 of its 3 processes could not be read"},
                {RUNTIME_NODE, 1, RUNTIME_NODE, "no Node.js engine yet"}, /* the cause that is there anyway */
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                coverage_list list = {};
                struct workload w = {.id = "w",
                                     .root = "host",
                                     .processes = 3,
                                     .unreadable = cases[i].unreadable,
                                     .runtimes = cases[i].held};
                assert_int_equal(mapped_coverage(&w, 0, 500, NULL, NULL, 0, &a, &list), 0);
                assert_int_equal(list.count, __builtin_popcount(_RUNTIME_ALL));
                const struct coverage *c = coverage_of(&list, cases[i].runtime);
                if (cases[i].reason) {
                        assert_null(c->engine);
                        assert_string_equal(c->reason, cases[i].reason);
                } else {
                        assert_string_equal(c->engine, "mapped");
                        assert_null(c->reason);
                }
                assert_string_equal(c->workload, "w");
                assert_string_equal(c->root, "host");
                vec_done(&list);
        }
}

static void the_cause_of_unreadable_processes_is_named(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        coverage_list list = {};
        struct workload w = {.id = "w", .root = "host", .processes = 3, .unreadable = 1};
        w.exposed = (struct answer){.reason = "1 of its processes could not be read: no CAP_SYS_PTRACE"};
        w.privileged = (struct answer){ANSWER_YES, 1, 1, "procfs", "uid 0"};
        assert_int_equal(mapped_coverage(&w, 0, 500, NULL, NULL, 0, &a, &list), 0);
        assert_string_equal(coverage_of(&list, RUNTIME_NATIVE)->reason, w.exposed.reason);
        vec_done(&list);
}

static void a_single_look_speaks_for_the_moment(void **state _unused_)
{
        static const struct {
                int64_t watched_since, since;
                const char *gaps, *expected;
        } cases[] = {
                {0, 500, NULL, "no watch before"},
                {0, 500, "x", "no watch before; x"},
                {0, 500, "no watch before this look", "no watch before this look"},
                {100, 100, NULL, NULL},
                {100, 100, "x", "x"},
                {900, 500, NULL, NULL}, /* the clock was set back */
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                coverage_list list = {};
                struct workload w = {.id = "w", .root = "host", .processes = 1};
                assert_int_equal(
                        mapped_coverage(&w, cases[i].watched_since, 500, cases[i].gaps, NULL, 0, &a, &list),
                        0);
                const struct coverage *c = coverage_of(&list, RUNTIME_NATIVE);
                assert_int_equal(c->since, cases[i].since);
                assert_int_equal(c->until, 500);
                assert_true(str_equal(c->gaps, cases[i].expected));
                vec_done(&list);
        }
}

static void a_mapping_is_evidence_for_its_packages(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        evidence_list list = {};
        const char *linked[] = {"host|crates.io|crate-1", "host|Go|module-2"};
        struct process p = {.pid = 42, .workload_id = "w"};
        struct mapped_file f = {
                .path = "/usr/bin/app", .object = "build-id:1", .state = FILE_CURRENT, .elf = true};
        struct mapped_use use = {.process = &p,
                                 .file = &f,
                                 .owner = "owner",
                                 .linked = linked,
                                 .linked_count = 2,
                                 .started = 100};
        assert_int_equal(mapped_evidence(&use, 500, &a, &list), 0);
        assert_int_equal(list.count, 3);
        const struct evidence *e = &list.items[0];
        assert_string_equal(e->package, "owner");
        assert_string_equal(e->engine, "mapped");
        assert_string_equal(e->subject, "/usr/bin/app");
        assert_string_equal(e->object, "build-id:1");
        assert_int_equal(e->kind, EVIDENCE_LOADED);
        assert_int_equal(e->after, 100);
        assert_int_equal(e->first, 500);
        assert_false(e->stale);
        assert_string_equal(list.items[2].package, "host|Go|module-2");
        assert_string_equal(list.items[2].engine, "go-buildinfo");
        assert_string_equal(list.items[1].engine, "linked");
        list.count = 0;

        /* Nobody owns it: nothing to say. */
        use.owner = NULL;
        use.linked_count = 0;
        assert_int_equal(mapped_evidence(&use, 500, &a, &list), 0);
        assert_int_equal(list.count, 0);
        vec_done(&list);
}

static void replaced_and_deleted_files_are_stale(void **state _unused_)
{
        for (enum file_state s = 0; s < _FILE_STATE_MAX; s++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                evidence_list list = {};
                struct process p = {.workload_id = "w"};
                struct mapped_file f = {.path = "/x", .state = s};
                const char *linked[] = {"host|Go|module"};
                bool gone = s == FILE_REPLACED || s == FILE_DELETED;
                enum stale stale = gone ? STALE_YES : s == FILE_STATE_UNKNOWN ? STALE_UNKNOWN : STALE_NO;
                struct mapped_use use = {.process = &p,
                                         .file = &f,
                                         .owner = "o",
                                         .owner_stale = gone,
                                         .linked = linked,
                                         .linked_count = 1};
                assert_int_equal(mapped_evidence(&use, 500, &a, &list), 0);
                assert_int_equal(list.items[0].stale, stale);
                assert_int_equal(list.items[1].stale, stale);
                vec_done(&list);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(engines_say_what_they_cover),
                cmocka_unit_test(which_runtimes_are_blind),
                cmocka_unit_test(the_cause_of_unreadable_processes_is_named),
                cmocka_unit_test(a_single_look_speaks_for_the_moment),
                cmocka_unit_test(a_mapping_is_evidence_for_its_packages),
                cmocka_unit_test(replaced_and_deleted_files_are_stale),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
