/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void it_ends_with_a_nul(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100000);
        for (int i = 0; i < 10000; i++) {
                assert_int_equal(buf_addf(&b, "%d,", i % 10), 0);
                assert_int_equal(b.data[b.size], 0);
        }
        assert_int_equal(b.size, 20000);
        assert_int_equal(strlen(b.data), 20000);
}

static void the_limit_holds(void **state _unused_)
{
        for (size_t limit = 0; limit < 200; limit++) {
                _cleanup_buf_ struct buf b = BUF_INIT(limit);
                for (size_t i = 0; i < limit; i++)
                        assert_int_equal(buf_add_char(&b, 'x'), 0);
                assert_int_equal(b.size, limit);
                assert_int_equal(buf_add_char(&b, 'y'), -EFBIG);
                assert_int_equal(b.size, limit);
        }
}

static void failure_sticks(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(4);
        assert_int_equal(buf_add_str(&b, "12345"), -EFBIG);
        assert_int_equal(buf_add_str(&b, "1"), -EFBIG); /* would fit */
        assert_int_equal(buf_addf(&b, "%d", 1), -EFBIG);
        assert_int_equal(b.size, 0);
        assert_null(buf_take(&b));
        buf_clear(&b);
        assert_int_equal(buf_add_str(&b, "1234"), 0);
        assert_string_equal(b.data, "1234");
}

static void sizes_do_not_overflow(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);
        assert_int_equal(buf_add_str(&b, "12345678"), 0);
        assert_null(buf_reserve(&b, SIZE_MAX));
        buf_clear(&b);
        assert_null(buf_reserve(&b, SIZE_MAX - 4));
        assert_int_equal(b.error, -EFBIG);
}

static void taking_empties_it(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);
        _cleanup_free_ char *empty = buf_take(&b);
        assert_string_equal(empty, "");
        buf_add_str(&b, "text");
        _cleanup_free_ char *text = buf_take(&b);
        assert_string_equal(text, "text");
        assert_null(b.data);
        assert_int_equal(b.size, 0);
        assert_int_equal(b.limit, 100);
}

static void reserved_room_is_room(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1000);
        char *at = buf_reserve(&b, 1000);
        assert_non_null(at);
        memset(at, 'x', 1000);
        buf_grow(&b, 1000);
        assert_int_equal(strlen(b.data), 1000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_ends_with_a_nul), cmocka_unit_test(the_limit_holds),
                cmocka_unit_test(failure_sticks),     cmocka_unit_test(sizes_do_not_overflow),
                cmocka_unit_test(taking_empties_it),  cmocka_unit_test(reserved_room_is_room),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
