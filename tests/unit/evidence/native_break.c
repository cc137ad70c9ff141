/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_break.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_breakpoints(void **state)
{
        (void)state;
#if defined(__aarch64__)
        assert_true(native_is_break((const uint8_t[]){0xa0, 0x00, 0x20, 0xd4}));
        assert_false(
                native_is_break((const uint8_t[]){0x00, 0x00, 0x20, 0xd4})); /* brk #0: a program's own */
        assert_false(
                native_is_break((const uint8_t[]){0xfd, 0x7b, 0xbf, 0xa9})); /* stp x29, x30, [sp, #-16]! */
#else
        assert_true(native_is_break((const uint8_t[]){0xcc}));
        assert_false(native_is_break((const uint8_t[]){0x55}));
        assert_true(native_may_be_call((const uint8_t[]){0xe8}));
        assert_false(native_may_be_call((const uint8_t[]){0xcc}));
#endif
}

static void test_where_a_call_leads(void **state)
{
        (void)state;
        const uint8_t back[4] = {0xfb, 0xff, 0xff, 0xff}, far[4] = {0, 0, 0, 0x80}, next[4] = {};
        assert_int_equal(native_call_target(0x401000, back), 0x401000); /* to itself */
        assert_int_equal(native_call_target(0x80401000, far), 0x401005);
        assert_int_equal(native_call_target(0x401000, next), 0x401005);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_breakpoints),
                cmocka_unit_test(test_where_a_call_leads),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
