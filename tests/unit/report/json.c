/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static json_t *parse(const struct sample *s)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        report_json(&s->report, &b);
        assert_int_equal(b.error, 0);
        json_error_t error;
        json_t *root = json_loadb(b.data, b.size, 0, &error);
        if (!root)
                fail_msg("%s", error.text);
        return root;
}

static json_int_t number(json_t *root, const char *row, const char *step)
{
        return json_integer_value(
                json_object_get(json_object_get(json_object_get(root, "funnel"), row), step));
}

static void numbers_are_those_of_the_verdict(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        json_t *root = parse(&s);
        assert_string_equal(json_string_value(json_object_get(root, "schema")), "usewear/findings/1");
        assert_string_equal(json_string_value(json_object_get(root, "time")), "2026-11-24T08:44:00Z");
        assert_int_equal(number(root, "packages", "installed"), 3212);
        assert_int_equal(number(root, "vulnerabilities", "unknown"), 14);
        assert_int_equal(json_integer_value(json_object_get(root, "packages_clean")), 1808);
        json_t *first = json_array_get(json_object_get(root, "findings"), 0);
        json_t *second = json_array_get(json_object_get(root, "findings"), 1);
        assert_string_equal(json_string_value(json_object_get(first, "decision")), "act");
        assert_true(json_is_null(json_object_get(second, "workload")));
        assert_true(json_is_null(json_object_get(second, "kev")));
        assert_true(json_is_null(json_object_get(second, "epss")));
        assert_true(json_is_null(json_object_get(second, "fixed_version")));
        assert_string_equal(json_string_value(json_object_get(second, "fix_state")), "wont_fix");
        json_t *reached = json_object_get(first, "reached");
        assert_string_equal(json_string_value(json_object_get(reached, "answer")), "unknown");
        assert_string_equal(json_string_value(json_object_get(reached, "reason")), "no JVM engine yet");
        json_decref(root);
}

static void suppressed_ones_stay(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        s.findings[0].suppressed = "accepted until March";
        json_t *root = parse(&s);
        json_t *first = json_array_get(json_object_get(root, "findings"), 0);
        assert_string_equal(json_string_value(json_object_get(first, "suppressed")), "accepted until March");
        json_decref(root);
}

static void hostile_names_stay_inside_their_quotes(void **state _unused_)
{
        static const char *const names[] = {"\"},{\"x\":\"", "\033[2J\n", "\xff\xfe", "%s%n", ""};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample s;
                sample_fill(&s);
                sample_poison(&s, names[i]);
                json_t *root = parse(&s);
                assert_int_equal(json_array_size(json_object_get(root, "findings")), 2);
                json_decref(root);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_are_those_of_the_verdict),
                cmocka_unit_test(suppressed_ones_stay),
                cmocka_unit_test(hostile_names_stay_inside_their_quotes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
