/* SPDX-License-Identifier: Apache-2.0 */
/* What silence of the functions that an advisory names may be taken for. */
#include "host/runtime.h"
#include "verdict/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { START = 1000, NOW = 5000 };

static struct symbol symbols[] = {
        {"libx.so.1", "x_parse", NULL, "root", "Usewear", NULL},
        {"libx.so.1", "x_scan", NULL, "root", "Usewear", NULL},
};

/* One loaded package in one workload; `armed` functions were watched from the start and never seen. */
static struct answer reached(const char *roots_gap, const char *const *armed, size_t armed_count)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(16 << 20);
        struct bug bug = {.id = "CVE-2026-0001",
                          .severity = {"high", 8, NULL, "CVE-2026-0001"},
                          .epss = -1,
                          .symbols = symbols,
                          .symbol_count = ARRAY_SIZE(symbols),
                          .roots_gap = roots_gap};
        struct package package = {.root = "host",
                                  .ecosystem = "Debian",
                                  .release = "12",
                                  .name = "x",
                                  .version = "1",
                                  .source = "x",
                                  .source_version = "1",
                                  .runtimes = RUNTIME_NATIVE};
        struct match match = {.compared = 1, .bugs = &bug, .bug_count = 1};
        struct workload workload = {.id = "a",
                                    .name = "a",
                                    .root = "host",
                                    .running = true,
                                    .processes = 1,
                                    .last_seen = NOW,
                                    .exposed = {ANSWER_NOT_OBSERVED, NOW, NOW, "sockets", NULL},
                                    .privileged = {ANSWER_NOT_OBSERVED, NOW, NOW, "procfs", NULL}};
        evidence_list evidence = {};
        coverage_list coverage = {};
        function_coverage_list functions = {};
        struct evidence *e = vec_add(&evidence);
        *e = (struct evidence){.workload = "a",
                               .package = package_key(&package, &a),
                               .subject = "libx.so.1",
                               .kind = EVIDENCE_LOADED,
                               .engine = "mapped",
                               .pid = 7,
                               .first = START,
                               .last = NOW,
                               .after = START};
        for (size_t i = 0; i < armed_count; i++) {
                struct function_coverage *c = vec_add(&functions);
                *c = (struct function_coverage){.workload = "a",
                                                .package = package_key(&package, &a),
                                                .subject = armed[i],
                                                .engine = "uprobe",
                                                .since = START,
                                                .until = NOW};
        }
        const struct verdict_input in = {.packages = &package,
                                         .package_count = 1,
                                         .matches = &match,
                                         .workloads = &workload,
                                         .workload_count = 1,
                                         .evidence = &evidence,
                                         .coverage = &coverage,
                                         .functions = &functions,
                                         .mission = MISSION_MEDIUM};
        struct verdict v = {};
        assert_int_equal(verdict_compute(&in, &a, &v), 0);
        assert_int_equal(v.finding_count, 1);
        struct answer answer = v.findings[0].reached;
        static char reason[200]; /* the arena goes */
        strncpy(reason, answer.reason ? answer.reason : "", sizeof(reason) - 1);
        answer.reason = answer.reason ? reason : NULL;
        vec_done(&evidence);
        vec_done(&coverage);
        vec_done(&functions);
        return answer;
}

static const char *const both[] = {"libx.so.1 x_parse", "libx.so.1 x_scan"};

static void all_roots_silent_is_a_negative(void **state _unused_)
{
        assert_int_equal(reached(NULL, both, 2).value, ANSWER_NOT_OBSERVED);
}

static void one_root_unwatched_is_unknown(void **state _unused_)
{
        struct answer a = reached(NULL, both, 1);
        assert_int_equal(a.value, ANSWER_UNKNOWN);
        assert_non_null(strstr(a.reason, "x_scan"));
}

static void roots_that_are_not_all_prove_nothing_by_silence(void **state _unused_)
{
        struct answer a = reached("no source says that the functions it names are all of them", both, 2);
        assert_int_equal(a.value, ANSWER_UNKNOWN);
        assert_non_null(strstr(a.reason, "no source says"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_roots_silent_is_a_negative),
                cmocka_unit_test(one_root_unwatched_is_unknown),
                cmocka_unit_test(roots_that_are_not_all_prove_nothing_by_silence),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
