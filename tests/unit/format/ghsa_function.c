/* SPDX-License-Identifier: Apache-2.0 */
#include "base/macro.h"
#include "format/ghsa_function.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_split(void **state _unused_)
{
        static const struct {
                const char *ecosystem, *package, *text, *container, *function; /* function NULL: none */
        } cases[] = {
                {"npm", "lodash", "lodash.template", "", "template"},
                {"npm", "minimist", "(minimist)", "", "minimist"},
                {"npm", "x", "exports.parse()", "", "exports.parse"},
                {"Maven", "g:a", "com.google.common.io.Files.createTempDir", "com.google.common.io.Files",
                 "createTempDir"},
                {"Maven", "g:a", "org.x.Y#z(String)", "org.x.Y", "z"},
                {"Maven", "g:a", "org.x.Y", NULL, NULL},
                {"PyPI", "p", "s3file.middleware.S3FileMiddleware.get_files", "s3file.middleware",
                 "S3FileMiddleware.get_files"},
                {"PyPI", "p", "a.b.c", "a.b", "c"},
                {"PyPI", "p", "c", "", "c"},
                {"PyPI", "p", "a.B", NULL, NULL},
                {"crates.io", "smallvec", "smallvec::SmallVec::insert_many", "",
                 "smallvec::SmallVec::insert_many"},
                {"Go", "m", "Server.ServeConn", "", "Server.ServeConn"},
                {"Go", "m", "github.com/x/y/pkg.T.M", "github.com/x/y/pkg", "T.M"},
                {"Go", "m", "github.com/x/y", NULL, NULL},
                {"npm", "x", "", NULL, NULL},
                {"PyPI", "x", " () ", NULL, NULL},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct span container = {}, function = {};
                bool named = ghsa_function_split(cases[i].ecosystem, cases[i].package, span_of(cases[i].text),
                                                 &container, &function);
                assert_int_equal(named, cases[i].function != NULL);
                if (named) {
                        assert_true(span_equal(container, cases[i].container));
                        assert_true(span_equal(function, cases[i].function));
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_split)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
