/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void nesting_and_commas(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(4096);
        struct json j = JSON_INIT(&b, 0);
        json_object(&j, NULL);
        json_array(&j, "empty");
        json_end(&j);
        json_array(&j, "list");
        json_i64(&j, NULL, INT64_MIN);
        json_u64(&j, NULL, UINT64_MAX);
        json_object(&j, NULL);
        json_end(&j);
        json_end(&j);
        json_bool(&j, "yes", true);
        json_null(&j, "nothing");
        json_str(&j, "none", NULL);
        json_end(&j);
        assert_string_equal(b.data, "{\"empty\":[],\"list\":[-9223372036854775808,18446744073709551615,{}],"
                                    "\"yes\":true,\"nothing\":null,\"none\":null}");
}

static void indentation(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(4096);
        struct json j = JSON_INIT(&b, 2);
        json_object(&j, NULL);
        json_array(&j, "a");
        json_u64(&j, NULL, 1);
        json_end(&j);
        json_array(&j, "b");
        json_end(&j);
        json_end(&j);
        assert_string_equal(b.data, "{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}");
}

static void hostile_text(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(4096);
        struct json j = JSON_INIT(&b, 0);
        json_str(&j, NULL, "\"\\\n\x01\x7f \xc3\xa4 \xff \xe2\x82 \xed\xa0\x80");
        assert_string_equal(b.data, "\"\\\"\\\\\\u000a\\u0001\\u007f \xc3\xa4 \xef\xbf\xbd "
                                    "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
        buf_clear(&b);
        j = JSON_INIT(&b, 0);
        json_object(&j, NULL);
        json_str(&j, "a\"b", "");
        json_end(&j);
        assert_string_equal(b.data, "{\"a\\\"b\":\"\"}");
}

static void real_numbers(void **state _unused_)
{
        static const struct {
                double value;
                const char *text;
        } cases[] = {{0.1, "0.1"},
                     {9.8, "9.8"},
                     {0, "0"},
                     {1e300, "1e+300"},
                     {1.0 / 3, "0.3333333333333333"},
                     {NAN, "null"},
                     {INFINITY, "null"},
                     {-INFINITY, "null"}};
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(4096);
                struct json j = JSON_INIT(&b, 0);
                json_real(&j, NULL, cases[i].value);
                assert_string_equal(b.data, cases[i].text);
        }
}

static void a_full_buffer_is_told(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(10);
        struct json j = JSON_INIT(&b, 2);
        json_object(&j, NULL);
        for (int i = 0; i < 100; i++)
                json_str(&j, "key", "value");
        json_end(&j);
        assert_true(b.error < 0);
        assert_true(b.size <= 10);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nesting_and_commas),    cmocka_unit_test(indentation),
                cmocka_unit_test(hostile_text),          cmocka_unit_test(real_numbers),
                cmocka_unit_test(a_full_buffer_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
