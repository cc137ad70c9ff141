/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "report/text.h"

#include <errno.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void explain(const struct sample *s, const char *id, struct buf *to)
{
        assert_int_equal(report_explain(&s->report, id, &(struct table_style){.width = 100}, to), 0);
}

static void any_of_its_ids_will_do(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        _cleanup_buf_ struct buf one = BUF_INIT(1 << 20), two = BUF_INIT(1 << 20), none = BUF_INIT(1 << 20);
        explain(&s, "CVE-2021-44228", &one);
        explain(&s, "ghsa-JFH8-c2jp-5v3q", &two);
        assert_string_equal(one.data, two.data);
        assert_null(strstr(one.data, "CVE-2020-28493"));
        assert_int_equal(report_explain(&s.report, "CVE-1999-1", &(struct table_style){.width = 100}, &none),
                         -ENOENT);
        assert_int_equal(none.size, 0);
}

static void every_input_is_named(void **state _unused_)
{
        static const char *const wanted[] = {
                "in CISA's catalogue since 2021-12-10",
                "EPSS 94.4 %",
                "systemd:search.service",
                "/srv/search/app.jar",
                "pid 812",
                "unknown: no JVM engine yet",
                "0.0.0.0:8080",
                "2.15.0",
                "2026-11-24 08:42",
                "at most reached (not excluded)",
        };
        struct sample s;
        sample_fill(&s);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        explain(&s, "CVE-2021-44228", &b);
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                if (!strstr(b.data, wanted[i]))
                        fail_msg("%s is missing in\n%s", wanted[i], b.data);
}

/* What it says would change the rank is what the decision table says. */
static void changes_are_those_of_the_table(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        struct decision_bug bug = decision_judge(&s.bugs[1].severity);
        struct decision_input in = {
                .level = LEVEL_PRESENT, .mission = MISSION_MEDIUM, .automatable = bug.automatable};
        in.impact = (__typeof__(in.impact))bug.impact;
        s.findings[1].decision = decision_make(&in);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        explain(&s, "CVE-2020-28493", &b);
        struct decision_input other = in;
        other.exploited = true;
        char line[128];
        snprintf(line, sizeof(line), "%s, if it were exploited in the wild",
                 text_decision(decision_make(&other)));
        assert_int_equal(strstr(b.data, line) != NULL, decision_make(&other) != decision_make(&in));
        other = in;
        other.level = LEVEL_REACHED;
        snprintf(line, sizeof(line), "%s, if it were seen to be reached",
                 text_decision(decision_make(&other)));
        assert_int_equal(strstr(b.data, line) != NULL, decision_make(&other) != decision_make(&in));
}

static void hostile_names_do_no_harm(void **state _unused_)
{
        static char longest[5001];
        memset(longest, 'w', sizeof(longest) - 1);
        const char *const names[] = {"\033[2J",
                                     "a\nb",
                                     "\xff\xc3",
                                     "\xc2\x9b"
                                     "31m",
                                     "%s%n",
                                     "",
                                     longest};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample s;
                sample_fill(&s);
                sample_poison(&s, names[i]);
                _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
                explain(&s, "CVE-2021-44228", &b);
                assert_int_equal(b.error, 0);
                assert_true(sample_is_harmless(&b));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(any_of_its_ids_will_do),
                cmocka_unit_test(every_input_is_named),
                cmocka_unit_test(changes_are_those_of_the_table),
                cmocka_unit_test(hostile_names_do_no_harm),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
