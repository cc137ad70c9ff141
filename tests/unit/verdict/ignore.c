/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "verdict/gate.h"

#include <errno.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int64_t at(const char *time)
{
        int64_t wall = 0;
        assert_int_equal(clock_parse_rfc3339(time, &wall), 0);
        return wall;
}

/* Whether these rules suppress the one finding that all cases look at. */
static bool suppresses(const char *rules_text, const char *now)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        const char *aliases[] = {"GHSA-xxxx-yyyy-zzzz"}, *bulletins[] = {"DSA-5000-1"};
        struct bug bug = {.id = "CVE-2023-0286",
                          .aliases = aliases,
                          .alias_count = 1,
                          .bulletins = bulletins,
                          .bulletin_count = 1};
        struct package package = {.root = "host",
                                  .ecosystem = "Debian",
                                  .release = "12",
                                  .name = "libssl3",
                                  .version = "3.0.7-1",
                                  .arch = "amd64",
                                  .source = "openssl"};
        struct package other = package;
        other.name = "libssl-doc";
        const struct package *binaries[] = {&other};
        struct workload workload = {.id = "systemd:nginx.service"};
        struct finding f = {.bug = &bug,
                            .package = &package,
                            .binaries = binaries,
                            .binary_count = 1,
                            .workload = &workload,
                            .level = LEVEL_LOADED};
        struct verdict v = {.findings = &f, .finding_count = 1};
        struct ignore_rules *rules = NULL;
        struct error error = {};
        if (ignore_parse(rules_text, strlen(rules_text), &a, &rules, &error) < 0)
                fail_msg("%s: %s", rules_text, error.text);
        ignore_apply(rules, at(now), &v);
        if (f.suppressed)
                assert_string_equal(f.suppressed, "because");
        return f.suppressed;
}

static void what_rules_cover(void **state _unused_)
{
        static const struct {
                const char *rule;
                bool covers;
        } cases[] = {
                {"CVE-2023-0286 -- because", true},
                {"cve-2023-0286 -- because", true},
                {"GHSA-xxxx-yyyy-zzzz -- because", true},
                {"DSA-5000-1 -- because", true},
                {"CVE-2023-02867 -- because", false},
                {"\n# comment\n\n  CVE-2023-0286\t-- because  \r\n", true},
                {"CVE-2023-0286 package=openssl -- because", true},
                {"CVE-2023-0286 package=libssl3 -- because", true},
                {"CVE-2023-0286 package=libssl-doc -- because", false},
                {"package=openssl -- because", true},
                {"package=pkg:deb/debian/libssl3 -- because", true},
                {"package=pkg:deb/debian/libssl3@3.0.7-1 -- because", true},
                {"package=pkg:deb/debian/libssl3@3.0.7 -- because", false},
                {"package=pkg:deb/debian/libssl -- because", false},
                {"CVE-2023-0286 workload=systemd:* -- because", true},
                {"CVE-2023-0286 workload=systemd:nginx.servic? -- because", true},
                {"CVE-2023-0286 workload=*.service -- because", true},
                {"CVE-2023-0286 workload=*x*s*v* -- because", true},
                {"CVE-2023-0286 workload=docker:* -- because", false},
                {"CVE-2023-0286 workload=systemd:nginx -- because", false},
                {"CVE-2023-0286 until_level=executed -- because", true},
                {"CVE-2023-0286 until_level=loaded -- because", false},
                {"CVE-2023-0286 reason=because", true},
                {"CVE-2023-0286 expires=2026-06-30 -- because", true}, /* holds the whole day */
                {"CVE-2023-0286 expires=2026-06-29 -- because", false},
                {"CVE-2023-0286 expires=2026-06-30T11:00:00Z -- because", false},
                {"CVE-2023-0286 expires=2026-06-30T14:00:00+01:00 -- because", true},
                {"[{\"id\": \"CVE-2023-0286\", \"reason\": \"because\"}]", true},
                {" {\"ignore\": [{\"id\": \"CVE-1\", \"reason\": \"x\"}, {\"package\": \"openssl\","
                 " \"workload\": null, \"reason\": \"because\"}]}",
                 true},
                {"[]", false},
                {"", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (suppresses(cases[i].rule, "2026-06-30T12:00:00Z") != cases[i].covers)
                        fail_msg("%s", cases[i].rule);
}

static void what_is_refused(void **state _unused_)
{
        static const struct {
                const char *rules, *error;
        } cases[] = {
                {"CVE-1", "line 1: it gives no reason"},
                {"CVE-1 -- x\nCVE-2 --", "line 2: 'reason' has no value"},
                {"workload=* -- x", "line 1: it names neither"},
                {"CVE-1 expire=2026-01-01 -- x", "line 1: unknown field 'expire'"},
                {"CVE-1 expires=tomorrow -- x", "line 1: 'expires' wants"},
                {"CVE-1 expires=2026-13-01 -- x", "line 1: 'expires' wants"},
                {"CVE-1 until_level=present -- x", "line 1: 'until_level' wants"},
                {"CVE-1 package= -- x", "line 1: 'package' has no value"},
                {"CVE-1 package=a package=b -- x", "line 1: 'package' is given twice"},
                {"CVE-1 id=CVE-2 -- x", "line 1: 'id' is given twice"},
                {"CVE-1 because I say so", "line 1: 'because' is no field"},
                {"{\"ignore\": 1}", "line 1: expected"},
                {"{\"ignore\": [], \"x\": 1}", "line 1: expected"},
                {"[{\"id\": \"a\"}]", "rule 1: it gives no reason"},
                {"[{\"id\": \"a\", \"reason\": \"x\"}, {\"id\": 1}]", "rule 2: 'id' is no string"},
                {"[{\"id\": \"a\", \"id\": \"b\", \"reason\": \"x\"}]", "line 1: duplicate"},
                {"[3]", "rule 1: it is no object"},
                {"[\n{\"id\": }]", "line 2: "},
                {"[{\"id\": \"a\\u0000b\", \"reason\": \"x\"}]", "line 1: "},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct ignore_rules *rules = NULL;
                struct error error = {};
                int r = ignore_parse(cases[i].rules, strlen(cases[i].rules), &a, &rules, &error);
                if (r != -EINVAL || rules || strncmp(error.text, cases[i].error, strlen(cases[i].error)))
                        fail_msg("%s: %d %s", cases[i].rules, r, error.text);
        }
}

static void too_many_rules_are_refused(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(64 << 20);
        _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
        struct ignore_rules *rules = NULL;
        struct error error = {};
        for (size_t i = 0; i < 10001; i++)
                buf_add_str(&text, "CVE-1 -- x\n");
        assert_int_equal(ignore_parse(text.data, text.size - 11, &a, &rules, &error), 0);
        assert_int_equal(ignore_parse(text.data, text.size, &a, &rules, &error), -EINVAL);
}

static void idle_rules_are_remarked(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        static const char text[] = "# nothing\nCVE-1 -- a\nCVE-2 expires=2020-01-01 -- b\nCVE-3 -- c\n";
        struct bug bug = {.id = "CVE-1"};
        struct package package = {.name = "p"};
        struct finding f = {.bug = &bug, .package = &package};
        struct verdict v = {.findings = &f, .finding_count = 1};
        struct ignore_rules *rules = NULL;
        const char **remarks;
        int64_t now = at("2026-01-01T00:00:00Z");
        assert_int_equal(ignore_parse(text, strlen(text), &a, &rules, NULL), 0);
        ignore_apply(rules, now, &v);
        assert_string_equal(f.suppressed, "a");
        assert_int_equal(ignore_remarks(rules, now, &a, &remarks), 2);
        assert_string_equal(remarks[0], "ignore rule in line 3 (CVE-2) has expired");
        assert_string_equal(remarks[1], "ignore rule in line 4 (CVE-3) covers nothing");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_rules_cover),
                cmocka_unit_test(what_is_refused),
                cmocka_unit_test(too_many_rules_are_refused),
                cmocka_unit_test(idle_rules_are_remarked),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
