/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dpkg.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_status(void **state)
{
        (void)state;
        static const char text[] =
                "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\n"
                "Source: openssl (3.0.15-1)\nVersion: 3.0.15-1+b1\nDescription: a\n Package: no\n\n"
                "Package: conf\nStatus: deinstall ok config-files\nVersion: 1\n\n\n"
                "Package: half\nStatus: install reinstreq half-installed\nVersion: 2\n\n"
                "Package: hold\nStatus: hold ok installed\nVersion: 3\nSource: held";
        struct span rest = SPAN(text);
        struct dpkg_package p;
        assert_true(dpkg_status_next(&rest, &p));
        assert_true(span_equal(p.name, "libssl3") && p.installed && !p.partial);
        assert_true(span_equal(p.source, "openssl") && span_equal(p.source_version, "3.0.15-1"));
        assert_true(span_equal(p.version, "3.0.15-1+b1") && span_equal(p.arch, "amd64"));
        assert_true(dpkg_status_next(&rest, &p));
        assert_true(span_equal(p.name, "conf") && !p.installed);
        assert_true(dpkg_status_next(&rest, &p));
        assert_true(span_equal(p.name, "half") && p.installed && p.partial);
        assert_true(dpkg_status_next(&rest, &p));
        assert_true(span_equal(p.name, "hold") && p.installed);
        assert_true(span_equal(p.source, "held") && span_equal(p.source_version, "3"));
        assert_false(dpkg_status_next(&rest, &p));
}

static void test_status_without_a_state_is_installed(void **state)
{
        (void)state;
        struct span rest = SPAN("Package: tzdata\nVersion: 2024a\n");
        struct dpkg_package p;
        assert_true(dpkg_status_next(&rest, &p));
        assert_true(p.installed);
        assert_true(span_equal(p.source, "tzdata") && span_equal(p.source_version, "2024a"));
}

static void test_log(void **state)
{
        (void)state;
        struct span rest = SPAN("2025-06-01 10:00:00 startup archives unpack\n"
                                "2025-06-01 10:00:01 upgrade libssl3:amd64 3.0.14-1 3.0.15-1\n"
                                "2025-06-01 10:00:02 status unpacked libssl3:amd64 3.0.15-1\n"
                                "broken\n"
                                "2025-06-02 10:00:00 install xz-utils:amd64 <none> 5.4.1-1");
        struct dpkg_log_entry e;
        assert_true(dpkg_log_next(&rest, &e));
        assert_true(span_equal(e.name, "libssl3") && span_equal(e.arch, "amd64"));
        assert_true(span_equal(e.before, "3.0.14-1") && span_equal(e.after, "3.0.15-1"));
        assert_true(span_equal(e.time, "2025-06-01 10:00:01"));
        assert_true(dpkg_log_next(&rest, &e));
        assert_true(span_equal(e.name, "xz-utils") && !e.before.size);
        assert_false(dpkg_log_next(&rest, &e));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_status_without_a_state_is_installed),
                cmocka_unit_test(test_log),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
