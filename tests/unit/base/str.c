/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void spans_compare(void **state _unused_)
{
        assert_true(str_equal(NULL, NULL));
        assert_false(str_equal(NULL, ""));
        assert_int_equal(str_compare(NULL, NULL), 0);
        assert_true(str_compare(NULL, "") < 0);
        assert_true(str_compare("", NULL) > 0);
        assert_true(str_compare("a", "b") < 0);
        assert_true(str_starts("python3", "python"));
        assert_false(str_starts("py", "python"));
        assert_true(str_ends("libc.so", ".so"));
        assert_false(str_ends("so", ".so"));
        struct span none = {};
        assert_true(span_equal(none, ""));
        assert_true(span_starts(none, ""));
        assert_true(span_ends(none, ""));
        assert_false(span_starts(none, "a"));
        assert_true(span_equal(SPAN("a\0b"), "a") == false);
        assert_true(span_equal(span_trim(SPAN(" \t a b \r\n")), "a b"));
        assert_int_equal(span_trim(SPAN(" \n")).size, 0);
}

static void numbers_are_all_there(void **state _unused_)
{
        struct span s = {"\x01\x02\x03", 3};
        uint64_t number = 7;
        assert_true(span_number(s, 1, 2, &number));
        assert_int_equal(number, 0x302);
        assert_false(span_number(s, 1, 3, &number));
        assert_false(span_number(s, UINT64_MAX, 1, &number));
        assert_int_equal(number, 0x302);
        assert_true(span_equal(span_skip(SPAN("ab"), 1), "b"));
        assert_int_equal(span_skip((struct span){}, 0).size, 0);
}

static void cutting_gives_every_piece(void **state _unused_)
{
        static const char *const pieces[] = {"a", "", "bc"};
        struct span rest = span_of("a,,bc"), piece;
        for (size_t i = 0; i < 3; i++) {
                assert_true(span_cut(&rest, ',', &piece));
                assert_true(span_equal(piece, pieces[i]));
        }
        assert_false(span_cut(&rest, ',', &piece));
        rest = span_of("a,");
        assert_true(span_cut(&rest, ',', &piece));
        assert_false(span_cut(&rest, ',', &piece));
        rest = span_of(NULL);
        assert_false(span_cut(&rest, ',', &piece));
        rest = span_of("");
        assert_false(span_cut(&rest, ',', &piece));
}

static void numbers_are_whole(void **state _unused_)
{
        uint64_t value = 7;
        assert_int_equal(str_to_u64("18446744073709551615", 10, &value), 0);
        assert_true(value == UINT64_MAX);
        value = 7;
        assert_int_equal(str_to_u64("18446744073709551616", 10, &value), -ERANGE);
        assert_int_equal(str_to_u64("", 10, &value), -EINVAL);
        assert_int_equal(str_to_u64(NULL, 10, &value), -EINVAL);
        assert_int_equal(str_to_u64("-1", 10, &value), -EINVAL);
        assert_int_equal(str_to_u64(" 1", 10, &value), -EINVAL);
        assert_int_equal(str_to_u64("1 ", 10, &value), -EINVAL);
        assert_int_equal(str_to_u64("8", 8, &value), -EINVAL);
        assert_int_equal(str_to_u64("fg", 16, &value), -EINVAL);
        assert_int_equal(value, 7); /* untouched by failures */
        assert_int_equal(str_to_u64("Ff", 16, &value), 0);
        assert_int_equal(value, 255);
}

static void utf8_is_told_from_bytes(void **state _unused_)
{
        assert_int_equal(utf8_size("\xc3\xa4"), 2);
        assert_int_equal(utf8_size("\xe2\x82\xac"), 3);
        assert_int_equal(utf8_size("\xf0\x9f\x98\x80"), 4);
        static const char *const wrong[] = {
                "a",
                "\x80",
                "\xc0\xaf",
                "\xc3",
                "\xc3(",
                "\xe0\x80\xaf",
                "\xe2\x82",
                "\xed\xa0\x80",
                "\xf4\x90\x80\x80",
                "\xf5\x80\x80\x80",
                "\xff",
                "\xf0\x9f\x98",
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(utf8_size(wrong[i]), 0);
}

static void hostile_names_are_shown_harmless(void **state _unused_)
{
        static const struct {
                const char *from, *to;
        } cases[] = {
                {"plain ä €", "plain ä €"},
                {"\033[31mred\033[0m", "?[31mred?[0m"},
                {"a\nb\tc\x7f", "a?b?c?"},
                {"c1 \xc2\x9b"
                 "31m",
                 "c1 ??31m"},
                {"\xff\xfe", "??"},
                {"cut \xe2\x82", "cut ??"},
                {"abc\xe2\x80\xae"
                 "fdp.exe",
                 "abc???fdp.exe"}, /* right-to-left override */
                {"\xe2\x81\xa6", "???"},
        };
        char to[64];
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_string_equal(str_printable(to, sizeof(to), cases[i].from), cases[i].to);
        /* Never half a character, never beyond the room. */
        assert_string_equal(str_printable(to, 4, "ab\xe2\x82\xac"), "ab");
        assert_string_equal(str_printable(to, 6, "ab\xe2\x82\xac"), "ab\xe2\x82\xac");
        assert_string_equal(str_printable(to, 1, "ab"), "");
        to[0] = 'x';
        str_printable(to, 0, "ab");
        assert_int_equal(to[0], 'x');
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(spans_compare),
                cmocka_unit_test(numbers_are_all_there),
                cmocka_unit_test(cutting_gives_every_piece),
                cmocka_unit_test(numbers_are_whole),
                cmocka_unit_test(utf8_is_told_from_bytes),
                cmocka_unit_test(hostile_names_are_shown_harmless),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
