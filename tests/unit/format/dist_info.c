/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dist_info.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_metadata(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct dist_info info;
        assert_int_equal(
                dist_info_parse(SPAN("Metadata-Version: 2.1\r\nName: Flask__SQL.Alchemy\r\nVersion: 2.5\r\n"
                                     "\r\nName: body\n"),
                                &a, &info),
                0);
        assert_string_equal(info.name, "flask-sql-alchemy");
        assert_string_equal(info.version, "2.5");
        assert_int_equal(dist_info_parse(SPAN("Name: x\n\nVersion: 1\n"), &a, &info), -EBADMSG);
        assert_int_equal(dist_info_parse(SPAN("Name: ...\nVersion: 1\n"), &a, &info), -EBADMSG);
        assert_int_equal(dist_info_parse(SPAN(""), &a, &info), -EBADMSG);
}

static void test_record(void **state)
{
        (void)state;
        static const char *const expected[] = {"a/b.py", "c \"d\",e.py", "../../../bin/x", "last"};
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct span rest = SPAN("a/b.py,sha256=x,10\r\n\n\"c \"\"d\"\",e.py\",,\n../../../bin/x,,\nlast");
        char *path;
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                assert_int_equal(dist_info_record_next(&rest, &a, &path), 1);
                assert_string_equal(path, expected[i]);
        }
        assert_int_equal(dist_info_record_next(&rest, &a, &path), 0);
        rest = SPAN("\"never closed");
        assert_int_equal(dist_info_record_next(&rest, &a, &path), 1);
        assert_string_equal(path, "never closed");
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_metadata), cmocka_unit_test(test_record)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
