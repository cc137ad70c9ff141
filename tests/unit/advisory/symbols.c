/* SPDX-License-Identifier: Apache-2.0 */
#include "advisory/advisory.h"
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The table is linked into the program, so
 * these ids are those of data/symbols/python.txt. */
static void finds_a_record_by_each_of_its_ids(void **state _unused_)
{
        static const char *const ids[] = {"CVE-2020-28493", "GHSA-g3rq-g295-4j3m", "PYSEC-2021-66"};
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                symbol_record_list list = {};
                struct error error = {};
                assert_int_equal(advisory_symbols(ids[i], &a, &list, &error), 0);
                assert_int_equal(list.count, 1);
                const struct symbol_record *r = &list.items[0];
                assert_string_equal(r->package, "PyPI jinja2");
                assert_string_equal(r->affected, "<2.11.3");
                assert_string_equal(r->compared, "2.11.2 2.11.3");
                assert_null(r->none);
                assert_int_equal(r->symbol_count, 1);
                assert_string_equal(r->symbols[0].kind, "root");
                assert_string_equal(r->symbols[0].container, "jinja2.utils");
                assert_string_equal(r->symbols[0].function, "urlize");
                assert_null(r->symbols[0].signature);
                assert_true(strlen(r->symbols[0].reason) > 20);
                vec_done(&list);
        }
}

static void knows_nothing_of_other_ids(void **state _unused_)
{
        static const char *const ids[] = {"CVE-2020-2849", "CVE-2020-284931", "", "advisory", "root"};
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                symbol_record_list list = {};
                struct error error = {};
                assert_int_equal(advisory_symbols(ids[i], &a, &list, &error), 0);
                assert_int_equal(list.count, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_a_record_by_each_of_its_ids),
                cmocka_unit_test(knows_nothing_of_other_ids),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
