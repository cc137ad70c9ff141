/* SPDX-License-Identifier: Apache-2.0 */
/* What a yes makes of a package. */
#include "world.h"

static void loaded_is_not_executed(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        const struct finding *f = judge(w)->findings;
        assert_int_equal(f->loaded.value, ANSWER_YES);
        assert_int_equal(f->loaded.after, START);
        assert_int_equal(f->loaded.since, NOW - 10);
        assert_int_equal(f->executed.value, ANSWER_UNKNOWN);
        assert_string_equal(f->executed.reason, "not caught running; samples cannot tell that it did not");
        assert_int_equal(f->reached.value, ANSWER_UNKNOWN);
        assert_int_equal(f->level, LEVEL_LOADED);
        assert_int_equal(f->level_possible, LEVEL_REACHED);
        assert_int_equal(f->restart_needed.value, ANSWER_NOT_OBSERVED);
        assert_string_equal(f->why, "libx.so.1 loaded");
        world_free(w);
}

static void a_guess_says_so(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        w->packages[p].confidence = 60;
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        assert_string_equal(judge(w)->findings[0].why, "package guessed, 60 %; libx.so.1 loaded");
        world_free(w);
}

static void an_extension_module_proves_its_python_package(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "yaml", "yaml", RUNTIME_NATIVE | RUNTIME_PYTHON);
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START); /* Python is blind */
        see(w, p, "a", EVIDENCE_LOADED, "/opt/_yaml.so");
        const struct finding *f = judge(w)->findings;
        assert_int_equal(f->loaded.value, ANSWER_YES);
        assert_string_equal(f->executed.reason, "its functions were not looked into");
        world_free(w);
}

static void each_workload_that_uses_it_is_a_finding(void **state _unused_)
{
        struct world *w = world_new();
        size_t lib = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_package(w, "x-bin", "x", RUNTIME_NATIVE);
        size_t other = add_package(w, "x-tools", "x", RUNTIME_NATIVE);
        add_workload(w, "a")->exposed = (struct answer){ANSWER_YES, NOW, NOW, "sockets", "tcp 0.0.0.0:80"};
        add_workload(w, "b");
        add_workload(w, "c");
        see(w, lib, "a", EVIDENCE_LOADED, "/lib/x");
        see(w, other, "b", EVIDENCE_LOADED, "/usr/bin/x");
        see(w, lib, "b", EVIDENCE_EXECUTED, "x_init");
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 2);
        const struct finding *first = &v->findings[0], *second = &v->findings[1];
        assert_string_equal(first->workload->id, "a"); /* exposed: worse */
        assert_string_equal(first->why, "x loaded; exposed: tcp 0.0.0.0:80");
        assert_string_equal(second->workload->id, "b");
        assert_int_equal(second->level, LEVEL_EXECUTED);
        assert_string_equal(second->package->name, "libx1"); /* the binary with the highest level */
        assert_int_equal(second->binary_count, 2);
        assert_int_equal(second->evidence_count, 2);
        assert_string_equal(first->key, second->key);
        assert_string_equal(first->key, "Debian:12|x|1.0-1||CVE-2024-0001");
        assert_int_equal(v->vulnerabilities.installed, 1);
        assert_int_equal(v->vulnerabilities.loaded, 1);
        assert_int_equal(v->vulnerabilities.executed, 1);
        assert_int_equal(v->packages.installed, 3);
        assert_int_equal(v->packages.loaded, 2);
        assert_int_equal(v->packages.executed, 1);
        assert_int_equal(v->packages.unknown, 1); /* x-bin: no coverage at all */
        world_free(w);
}

static void only_root_symbols_reach(void **state _unused_)
{
        static struct symbol symbols[] = {
                {"golang.org/x/text/language", "Parse", NULL, "root", "GO-1"},
                {"golang.org/x/text/language", "Make", NULL, "derived", "GO-1"},
        };
        struct bug bug = remote_bug;
        bug.symbols = symbols;
        bug.symbol_count = 2;
        const struct {
                const char *subject;
                enum level level;
        } cases[] = {
                {"golang.org/x/text/language.Parse", LEVEL_REACHED},
                {"Parse", LEVEL_REACHED},
                {"golang.org/x/text/language.Make", LEVEL_EXECUTED},
                {"golang.org/x/text/language.ParseAcceptLanguage", LEVEL_EXECUTED},
                {"other.Parse", LEVEL_EXECUTED},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct world *w = world_new();
                size_t p = add_package(w, "golang.org/x/text", "golang.org/x/text", RUNTIME_NATIVE);
                w->matches[p].bugs = &bug;
                add_workload(w, "a");
                see(w, p, "a", EVIDENCE_REACHED, cases[i].subject);
                const struct finding *f = judge(w)->findings;
                assert_int_equal(f->level, cases[i].level);
                assert_int_equal(f->executed.value, ANSWER_YES);
                assert_int_equal(f->loaded.value, ANSWER_YES);
                assert_int_equal(f->evidence_count, 1);
                assert_int_equal(finding_evidence_kind(f, f->evidence[0]),
                                 cases[i].level == LEVEL_REACHED ? EVIDENCE_REACHED : EVIDENCE_EXECUTED);
                if (cases[i].level == LEVEL_REACHED)
                        assert_non_null(strstr(f->why, " ran"));
                world_free(w);
        }
}

static void stale_code_needs_a_restart(void **state _unused_)
{
        struct world *w = world_new();
        size_t old = add_package(w, "libx1", "x", RUNTIME_NATIVE),
               new = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        w->packages[old].stale = true;
        w->packages[new].version = w->packages[new].source_version = "1.0-2";
        w->matches[new].bug_count = 0;
        add_workload(w, "a");
        see(w, old, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1")->stale = STALE_YES;
        const struct verdict *v = judge(w);
        assert_int_equal(v->finding_count, 1);
        assert_true(v->findings[0].stale);
        assert_int_equal(v->findings[0].restart_needed.value, ANSWER_YES);
        assert_string_equal(v->findings[0].why, "old libx.so.1 still mapped: restart");
        assert_int_equal(v->packages_clean, 1);
        world_free(w);
}

static void a_file_that_was_not_compared_leaves_restart_open(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1")->stale = STALE_UNKNOWN;
        const struct finding *f = &judge(w)->findings[0];
        assert_int_equal(f->restart_needed.value, ANSWER_UNKNOWN);
        assert_false(f->stale);
        world_free(w);
}

static void an_unreadable_process_leaves_restart_open(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a")->unreadable = 1;
        see(w, p, "a", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        assert_int_equal(judge(w)->findings[0].restart_needed.value, ANSWER_UNKNOWN);
        world_free(w);
}

static void evidence_of_a_forgotten_workload_stays_a_yes(void **state _unused_)
{
        struct world *w = world_new();
        size_t p = add_package(w, "libx1", "x", RUNTIME_NATIVE);
        add_workload(w, "a");
        cover(w, "a", RUNTIME_NATIVE, START);
        see(w, p, "no longer known", EVIDENCE_LOADED, "/usr/lib/libx.so.1");
        const struct finding *f = judge(w)->findings;
        assert_null(f->workload);
        assert_int_equal(f->loaded.value, ANSWER_YES);
        assert_int_equal(f->level, LEVEL_LOADED);
        world_free(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(loaded_is_not_executed),
                cmocka_unit_test(a_guess_says_so),
                cmocka_unit_test(an_extension_module_proves_its_python_package),
                cmocka_unit_test(each_workload_that_uses_it_is_a_finding),
                cmocka_unit_test(only_root_symbols_reach),
                cmocka_unit_test(stale_code_needs_a_restart),
                cmocka_unit_test(a_file_that_was_not_compared_leaves_restart_open),
                cmocka_unit_test(an_unreadable_process_leaves_restart_open),
                cmocka_unit_test(evidence_of_a_forgotten_workload_stays_a_yes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
