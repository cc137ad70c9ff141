/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void moments_are_read(void **state _unused_)
{
        static const struct {
                const char *text;
                int64_t wall;
        } cases[] = {
                {"1970-01-01T00:00:00Z", 0},
                {"2026-11-24T08:44:00Z", 1795509840},
                {"2026-11-24t08:44:00.123456789z", 1795509840},
                {"2026-11-24 09:44:00+01:00", 1795509840},
                {"2026-11-24T03:14:00-05:30", 1795509840},
                {"2024-02-29T00:00:00Z", 1709164800},
                {"1969-12-31T23:59:59Z", -1},
                {"2016-12-31T23:59:60Z", 1483228800},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t wall = 1;
                assert_int_equal(clock_parse_rfc3339(cases[i].text, &wall), 0);
                assert_int_equal(wall, cases[i].wall);
        }
}

static void what_is_no_moment_is_refused(void **state _unused_)
{
        static const char *const wrong[] = {
                "",
                "2026",
                "2026-11-24",
                "2026-11-24T08:44:00",
                "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z",
                "2026-02-30T00:00:00Z",
                "2023-02-29T00:00:00Z",
                "2026-11-24T24:00:00Z",
                "2026-11-24T08:60:00Z",
                "2026-11-24T08:44:61Z",
                "2026-11-24T08:44:00Zx",
                "2026-11-24T08:44:00.Z",
                "2026-11-24T08:44:00+1:00",
                "2026-11-24T08:44:00+25:00",
                "2026-11-24T08:44:00+01:00x",
                " 2026-11-24T08:44:00Z",
                "+026-11-24T08:44:00Z",
                "2026- 1-24T08:44:00Z",
                "2026-11-24TT08:44:00Z",
                "2026-11-24T08:44:00+-1:00",
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                int64_t wall = 7;
                if (clock_parse_rfc3339(wrong[i], &wall) != -EINVAL)
                        fail_msg("taken: %s", wrong[i]);
                assert_int_equal(wall, 7);
        }
}

static void written_as_read(void **state _unused_)
{
        char text[CLOCK_TEXT];
        int64_t back;
        for (int64_t wall = -4000000000; wall < 20000000000; wall += 86400 * 13 + 4711) {
                assert_int_equal(clock_parse_rfc3339(clock_rfc3339(wall, text), &back), 0);
                assert_int_equal(back, wall);
        }
        assert_non_null(clock_rfc3339(INT64_MAX, text));
        assert_non_null(clock_rfc3339(INT64_MIN, text));
}

static void spans_are_rounded_down(void **state _unused_)
{
        char text[CLOCK_TEXT];
        assert_string_equal(clock_span_text(-5, text), "0 s");
        assert_string_equal(clock_span_text(59, text), "59 s");
        assert_string_equal(clock_span_text(60, text), "1 min");
        assert_string_equal(clock_span_text(3599, text), "59 min");
        assert_string_equal(clock_span_text(3600, text), "1 h");
        assert_string_equal(clock_span_text(86399, text), "23 h");
        assert_string_equal(clock_span_text(86400 * 95, text), "95 d");
}

static void both_clocks_agree(void **state _unused_)
{
        uint64_t now = clock_boottime();
        assert_true(llabs(clock_wall_of(now) - (int64_t)time(NULL)) <= 1);
        assert_true(llabs(clock_wall_of(now - 3600 * NS_PER_S) - (int64_t)time(NULL) + 3600) <= 1);
        assert_true(clock_boottime() >= now);
}

static void a_share_is_spent_once(void **state _unused_)
{
        struct clock_share none = clock_share_of(0), much = clock_share_of(1000 * NS_PER_S);
        uint64_t begin = clock_boottime();
        while (!clock_share_spent(&none))
                assert_true(clock_boottime() - begin < 10 * NS_PER_S);
        assert_true(clock_share_spent(&none));
        assert_false(clock_share_spent(&much));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(moments_are_read),  cmocka_unit_test(what_is_no_moment_is_refused),
                cmocka_unit_test(written_as_read),   cmocka_unit_test(spans_are_rounded_down),
                cmocka_unit_test(both_clocks_agree), cmocka_unit_test(a_share_is_spent_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
