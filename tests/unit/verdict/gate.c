/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict/gate.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct package package = {.name = "libx", .source = "x"};

static struct finding finding(struct bug *b, enum level level, enum level possible, enum decision proven,
                              enum decision decision)
{
        return (struct finding){.bug = b,
                                .package = &package,
                                .level = level,
                                .level_possible = possible,
                                .decision = decision,
                                .decision_proven = proven,
                                .decision_unknown = proven != decision};
}

static void what_trips(void **state _unused_)
{
        static const struct {
                const char *at;
                bool allow_unknown, suppressed, trips;
                enum level level, possible;
                enum decision proven, decision;
        } cases[] = {
                {"loaded", false, false, true, LEVEL_LOADED, LEVEL_LOADED, 0, 0},
                {"loaded", false, false, true, LEVEL_EXECUTED, LEVEL_EXECUTED, 0, 0},
                {"executed", false, false, false, LEVEL_LOADED, LEVEL_LOADED, 0, 0},
                /* unknown at that level trips, unless allowed */
                {"executed", false, false, true, LEVEL_LOADED, LEVEL_REACHED, 0, 0},
                {"executed", true, false, false, LEVEL_LOADED, LEVEL_REACHED, 0, 0},
                {"reached", false, false, true, LEVEL_PRESENT, LEVEL_REACHED, 0, 0},
                {"loaded", true, true, false, LEVEL_LOADED, LEVEL_LOADED, 0, 0},
                {"act", false, false, true, 0, 0, DECISION_TRACK, DECISION_ACT},
                {"act", true, false, false, 0, 0, DECISION_ATTEND, DECISION_ACT},
                {"attend", true, false, true, 0, 0, DECISION_ATTEND, DECISION_ACT},
                {"track*", false, false, false, 0, 0, DECISION_TRACK, DECISION_TRACK},
                {"act", false, true, false, 0, 0, DECISION_ACT, DECISION_ACT},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct bug b = {.id = "CVE-1"};
                struct finding f =
                        finding(&b, cases[i].level, cases[i].possible, cases[i].proven, cases[i].decision);
                f.suppressed = cases[i].suppressed ? "because" : NULL;
                struct verdict v = {.findings = &f, .finding_count = 1};
                struct gate g = {.allow_unknown = cases[i].allow_unknown};
                const char *reason = NULL;
                assert_int_equal(gate_parse(cases[i].at, &g), 0);
                assert_true(g.on);
                if (gate_trips(&g, &v, NULL, 0, &a, &reason) != cases[i].trips)
                        fail_msg("case %zu", i);
                assert_int_equal(reason != NULL, cases[i].trips);
        }
}

static void words_that_are_no_gate(void **state _unused_)
{
        const char *bad[] = {"", "Act", "critical", "track**", " loaded", "0"};
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct gate g = {.strict = true};
                assert_int_equal(gate_parse(bad[i], &g), -EINVAL);
                assert_false(g.on);
                assert_true(g.strict);
        }
}

static void strict_trips_on_what_was_not_evaluated(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct not_evaluated n = {.ecosystem = "Debian:12", .packages = 402};
        struct verdict v = {.not_evaluated = &n, .not_evaluated_count = 1};
        const char *reason = NULL, *limit = "packages of web could not be read: I/O error";
        assert_false(gate_trips(&(struct gate){}, &v, &limit, 1, &a, &reason));
        assert_null(reason);
        assert_true(gate_trips(&(struct gate){.strict = true}, &v, &limit, 1, &a, &reason));
        assert_string_equal(reason, "402 packages were not evaluated (--strict)");
        v.not_evaluated_count = 0;
        assert_true(gate_trips(&(struct gate){.strict = true}, &v, &limit, 1, &a, &reason));
        assert_string_equal(reason, "packages of web could not be read: I/O error (--strict)");
        assert_false(gate_trips(&(struct gate){.strict = true}, &v, &limit, 0, &a, &reason));
}

static void what_is_filtered(void **state _unused_)
{
        struct bug bugs[] = {{.id = "1", .severity = {.rating = "low"}, .fixed_version = "2"},
                             {.id = "2", .severity = {.rating = "high"}},
                             {.id = "3", .fixed_version = "2"}}; /* nobody rated it: it stays */
        static const struct {
                struct gate gate;
                const char *kept;
        } cases[] = {{{}, "123"},
                     {{.min_severity = "medium"}, "23"},
                     {{.min_severity = "critical"}, "3"},
                     {{.only_fixed = true}, "13"},
                     {{.only_fixed = true, .min_severity = "medium"}, "3"}};
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct finding list[3];
                char kept[4] = "";
                for (size_t k = 0; k < 3; k++)
                        list[k] = finding(&bugs[k], 0, 0, 0, 0);
                struct verdict v = {.findings = list, .finding_count = 3};
                gate_filter(&cases[i].gate, &v);
                for (size_t k = 0; k < v.finding_count; k++)
                        kept[k] = v.findings[k].bug->id[0];
                kept[v.finding_count] = 0;
                assert_string_equal(kept, cases[i].kept);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_trips),
                cmocka_unit_test(words_that_are_no_gate),
                cmocka_unit_test(strict_trips_on_what_was_not_evaluated),
                cmocka_unit_test(what_is_filtered),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
