/* SPDX-License-Identifier: Apache-2.0 */
#include "base/macro.h"
#include "format/osv_index.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_lines(void **state _unused_)
{
        struct span rest =
                span_of("2026-01-02T03:04:05.678Z,GO-2026-1\r\n\n1970-01-01T00:00:01Z,RHSA-2024:1_x.y");
        struct osv_index_entry e;
        assert_int_equal(osv_index_next(&rest, &e), 1);
        assert_true(span_equal(e.id, "GO-2026-1"));
        assert_int_equal(e.modified, 1767323045);
        assert_int_equal(osv_index_next(&rest, &e), 1);
        assert_true(span_equal(e.id, "RHSA-2024:1_x.y"));
        assert_int_equal(osv_index_next(&rest, &e), 0);
        assert_int_equal(osv_index_next(&rest, &e), 0);
}

static void test_what_is_no_entry(void **state _unused_)
{
        static const char *const bad[] = {"x",
                                          "2026-01-02T03:04:05Z",
                                          "2026-01-02T03:04:05Z,",
                                          "yesterday,GO-1",
                                          ",GO-1",
                                          "2026-01-02T03:04:05Z,../../etc/passwd",
                                          "2026-01-02T03:04:05Z,..",
                                          "2026-01-02T03:04:05Z,a b",
                                          "2026-01-02T03:04:05Z,\xc3\xa9",
                                          "2026-01-02T03:04:05Z,a,b"};
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct span rest = span_of(bad[i]);
                struct osv_index_entry e = {.modified = 7};
                assert_int_equal(osv_index_next(&rest, &e), -EBADMSG);
                assert_int_equal(e.modified, 7);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines),
                                           cmocka_unit_test(test_what_is_no_entry)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
