/* SPDX-License-Identifier: Apache-2.0 */
#include "format/pacman.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_desc(void **state)
{
        (void)state;
        struct pacman_package p;
        assert_true(pacman_desc_parse(
                SPAN("%NAME%\nopenssl\n\n%VERSION%\n3.2.1-1\n\n%BASE%\nopenssl\n\n%DESC%\n%NAME\n\n"
                     "%ARCH%\nx86_64\n\n%DEPENDS%\nglibc\n"),
                &p));
        assert_true(span_equal(p.name, "openssl") && span_equal(p.version, "3.2.1-1"));
        assert_true(span_equal(p.arch, "x86_64") && span_equal(p.base, "openssl"));
        assert_false(pacman_desc_parse(SPAN("%VERSION%\n1\n"), &p));
}

static void test_files(void **state)
{
        (void)state;
        struct span rest = SPAN("%FILES%\nusr/\nusr/lib/libssl.so.3\n\n%BACKUP%\netc/ssl/openssl.cnf\tabc\n"),
                    path;
        bool in_files = false;
        assert_true(pacman_file_next(&rest, &in_files, &path) && span_equal(path, "usr/"));
        assert_true(pacman_file_next(&rest, &in_files, &path) && span_equal(path, "usr/lib/libssl.so.3"));
        assert_false(pacman_file_next(&rest, &in_files, &path));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_desc), cmocka_unit_test(test_files)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
