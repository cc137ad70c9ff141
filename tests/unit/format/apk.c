/* SPDX-License-Identifier: Apache-2.0 */
#include "format/apk.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_packages_and_files(void **state)
{
        (void)state;
        struct span rest =
                SPAN("C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\na:0:0:755\nR:ld-musl-x86_64.so.1\n"
                     "Z:Q1y=\nR:libc.musl-x86_64.so.1\nF:usr\nF:usr/bin\nR:ldd\n\n\n"
                     "V:9\n\nP:last\nV:2\nF:\nR:init");
        struct apk_package p;
        struct span folder, name;
        assert_true(apk_installed_next(&rest, &p));
        assert_true(span_equal(p.name, "musl") && span_equal(p.version, "1.2.4-r2"));
        assert_true(span_equal(p.arch, "x86_64") && span_equal(p.origin, "musl"));
        struct apk_files files = {.rest = p.body};
        assert_true(apk_file_next(&files, &folder, &name));
        assert_true(span_equal(folder, "lib") && span_equal(name, "ld-musl-x86_64.so.1"));
        assert_true(apk_file_next(&files, &folder, &name));
        assert_true(span_equal(folder, "lib") && span_equal(name, "libc.musl-x86_64.so.1"));
        assert_true(apk_file_next(&files, &folder, &name));
        assert_true(span_equal(folder, "usr/bin") && span_equal(name, "ldd"));
        assert_false(apk_file_next(&files, &folder, &name));
        assert_true(apk_installed_next(&rest, &p));
        assert_true(span_equal(p.name, "last") && !p.origin.size);
        files = (struct apk_files){.rest = p.body};
        assert_true(apk_file_next(&files, &folder, &name) && span_equal(name, "init"));
        assert_false(apk_installed_next(&rest, &p));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_packages_and_files)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
