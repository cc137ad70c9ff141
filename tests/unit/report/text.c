/* SPDX-License-Identifier: Apache-2.0 */
#include "report/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void cells_count_characters(void **state _unused_)
{
        static const struct {
                const char *from;
                size_t columns;
                bool pad;
                const char *to;
        } cases[] = {
                {"abc", 5, true, "abc  "},
                {"abc", 5, false, "abc"},
                {"abcdef", 5, true, "abcd…"},
                {"äöüß", 4, true, "äöüß"},
                {"äöüßx", 4, true, "äöü…"},
                {"abc", 0, true, ""},
                {"abc", 1, true, "…"},
                {"a\033[1mb", 9, true, "a?[1mb   "},
                {NULL, 2, true, "  "},
                {"日本語", 6, true, "日本語"},
                {"日本語", 4, true, "日… "},
                {"日本語x", 7, true, "日本語x"},
                {"e\xcc\x81x", 2, true, "e\xcc\x81x"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(100);
                text_cell(&b, cases[i].from, cases[i].columns, cases[i].pad);
                assert_string_equal(b.data ? b.data : "", cases[i].to);
        }
}

static void versions_stay_whole(void **state _unused_)
{
        static const struct {
                const char *name, *version;
                size_t columns;
                const char *to;
        } cases[] = {
                {"jinja2", "2.11.2", 15, "jinja2 2.11.2  "},
                {"jinja2", "2.11.2", 13, "jinja2 2.11.2"},
                {"tomcat-embed-core", "9.0.30", 18, "tomca…-core 9.0.30"},
                {"tomcat-embed-core", "9.0.30", 11, "to…e 9.0.30"},
                {"tomcat-embed-core", "9.0.30", 10, "tomca…0.30"},
                {"名前名前名前", "1.0", 10, "名…前  1.0"},
                {"a", "a-version-that-is-longer-than-all", 12, "a a-ve…n-all"},
                {"a", "1", 0, ""},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(200);
                text_versioned(&b, cases[i].name, cases[i].version, cases[i].columns);
                const char *got = b.data ? b.data : "";
                assert_int_equal(text_columns(got), cases[i].columns);
                assert_string_equal(got, cases[i].to);
        }
}

static void numbers_have_thousands(void **state _unused_)
{
        char to[TEXT_NUMBER];
        assert_string_equal(text_number(0, to), "0");
        assert_string_equal(text_number(999, to), "999");
        assert_string_equal(text_number(1000, to), "1,000");
        assert_string_equal(text_number(100000, to), "100,000");
        assert_string_equal(text_number(UINT64_MAX, to), "18,446,744,073,709,551,615");
}

static void filling_breaks_between_words(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1000);
        text_fill(&b, "one two  three four", 4, 2, 12);
        assert_string_equal(b.data, "one two\n  three four\n");
        buf_clear(&b);
        text_fill(&b, "", 0, 2, 10);
        assert_string_equal(b.data, "\n");
        buf_clear(&b);
        text_fill(&b, "a incredibly-long-word b", 0, 2, 10);
        assert_string_equal(b.data, "a\n  incredibly-long-word\n  b\n");
}

static void colours_only_where_wanted(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);
        text_colour(&b, &(struct table_style){.colour = false}, TEXT_RED);
        assert_int_equal(b.size, 0);
        text_colour(&b, &(struct table_style){.colour = true}, TEXT_RED);
        assert_true(b.size > 0 && b.data[0] == '\033');
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cells_count_characters),    cmocka_unit_test(versions_stay_whole),
                cmocka_unit_test(numbers_have_thousands),    cmocka_unit_test(filling_breaks_between_words),
                cmocka_unit_test(colours_only_where_wanted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
