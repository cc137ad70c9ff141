/* SPDX-License-Identifier: Apache-2.0 */
/* Orders of versions as tables: each list is sorted, "=" joins equals. Every pair of a list is compared
 * both ways, so a table of n versions is n² checks. */
#include "format/version.h"

#include "base/vec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct ranked {
        struct span version;
        int rank;
};

static void check_sorted(const char *ecosystem, const char *list)
{
        const struct version_scheme *scheme = version_scheme_of(ecosystem);
        struct span rest = span_of(list), word;
        VEC(struct ranked) all = {};
        int rank = 0;
        assert_non_null(scheme);
        while (span_cut(&rest, ' ', &word)) {
                if (span_equal(word, "="))
                        continue;
                bool equal =
                        all.count && word.data[-1] == ' ' && word.data[-2] == '=' && word.data[-3] == ' ';
                struct ranked *r = vec_add(&all);
                assert_non_null(r);
                *r = (struct ranked){word, equal ? rank : ++rank};
        }
        vec_each (a, &all) {
                vec_each (b, &all) {
                        int order, expected = a->rank < b->rank ? -1 : a->rank > b->rank;
                        assert_int_equal(version_compare(scheme, a->version, b->version, &order), 0);
                        if (order != expected)
                                fail_msg("%s: %.*s %c %.*s", ecosystem, (int)a->version.size, a->version.data,
                                         "<=>"[order + 1], (int)b -> version.size, b->version.data);
                }
        }
        assert_true(all.count > 1);
        vec_done(&all);
}

static void check_invalid(const char *ecosystem, const char *version)
{
        int order = 7;
        const struct version_scheme *scheme = version_scheme_of(ecosystem);
        if (version_compare(scheme, span_of(version), span_of("1.0"), &order) != -EINVAL || order != 7)
                fail_msg("%s: '%s' is no version", ecosystem, version);
}

static void test_debian(void **state)
{
        (void)state;
        check_sorted("Debian",
                     "0~~ 0~~a 0~ 0 = 0-0 = 00 0a 0+ 1.0~rc1-1 1.0~rc1-2 1.0 = 1.0-0 1.0-1~deb12u1 1.0-1"
                     " 1.0-1+b1 1.0-1+deb12u1 1.0-1.1 1.0a 1.0+ 1.00001 2:0.1 10:0.1");
        check_sorted("Debian", "1.2.3-1 1.2.3-10 1.10 99999999999999999999999999999998"
                               " 99999999999999999999999999999999 100000000000000000000000000000000");
        check_sorted("Ubuntu", "2.4.52-1ubuntu4 2.4.52-1ubuntu4.1 2.4.52-1ubuntu4.14 2.4.52-1ubuntu5");
        check_invalid("Debian", "");
        check_invalid("Debian", "a:1");
        check_invalid("Debian", "1-");
        check_invalid("Debian", "1 2");
}

static void test_pypi(void **state)
{
        (void)state;
        check_sorted("PyPI", "0.dev1 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2"
                             " 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 = 1.0c1 = 1.0-RC.1 ="
                             " 1.0preview1 1.0 = 1 = 1.0.0 = v1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34"
                             " 1.0.post456 = 1.0-456 = 1.0r456 1.1.dev1 1.1 1!0.1");
        check_sorted("PyPI", "1.0.a.legacy.x 2004d.x 0.1 4.2a1 4.2");
        check_invalid("PyPI", "");
}

static void test_semver(void **state)
{
        (void)state;
        check_sorted("npm",
                     "0.0.0-0 0.0.0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2"
                     " 1.0.0-beta.11 1.0.0-rc.1 1.0.0 = v1.0.0 = 1.0.0+build 1.0.1 1.2.0 1.10.0 2.0.0");
        check_sorted("crates.io", "1.0.0-9 1.0.0-10 1.0.0-a 1.0.0");
        check_invalid("npm", "latest");
        check_invalid("npm", "1.x");
        check_invalid("npm", "1.0.0-");
}

static void test_go(void **state)
{
        (void)state;
        check_sorted("Go",
                     "1.21.0-0 1.21.0-rc.2 = go1.21rc2 = 1.21rc2 1.21.0-rc.10 = go1.21rc10 1.21.0 = go1.21"
                     " 1.21.3 = go1.21.3 1.26.8 = go1.26.8");
        check_sorted("Go", "0.0.0-20160722212129-ac0cc4484ad4 = v0.0.0-20160722212129-ac0cc4484ad4"
                           " 0.0.0-20200131131040-063a3fb69896 0.3.5 2.0.0 = v2.0.0+incompatible");
        check_invalid("Go", "(devel)");
}

static void test_rpm(void **state)
{
        (void)state;
        check_sorted("AlmaLinux",
                     "1.0~rc1-1 1.0 1.0-1.el9 = 1.0-1..el9 1.0-1.el9_2 1.0-2 1.0^git1-1 1.0a-1 1.0.1-1"
                     " 1.10-1 1:0.9-1 = 01:0.9-1 10:0.1-1");
        check_sorted("SUSE", "2.0 2.0-1 99999999999999999999999999999999 100000000000000000000000000000000");
        check_invalid("Red Hat", "");
        check_invalid("Red Hat", "1 2");
        check_invalid("Red Hat", "1:");
        check_invalid("Red Hat", "-1");
}

static void test_apk(void **state)
{
        (void)state;
        check_sorted("Alpine", "1.2_alpha 1.2_alpha1 1.2_beta 1.2_pre 1.2_rc1 1.2_rc2 1.2 1.2-r0 1.2-r1 "
                               "1.2-r10 1.2~ab 1.2_cvs"
                               " 1.2_git20200101 1.2_p1 1.2a 1.2.01 1.2.1 1.2.10 1.10 02");
        check_invalid("Alpine", "");
        check_invalid("Wolfi", "1.2_blah");
        check_invalid("Alpine", "1.2-1");
        check_invalid("Alpine", "1..2");
        check_invalid("Alpine", "1.2-r");
        check_invalid("Alpine", "v1");
}

static void test_maven(void **state)
{
        (void)state;
        check_sorted("Maven", "1-alpha 1-a1 = 1-alpha-1 = 1.0alpha1 1-beta 1-m2 = 1-milestone2 1-rc = 1-cr "
                              "1-rc2 1-SNAPSHOT 1 = 1.0"
                              " = 1-ga = 1.0.0 = 1-final = 1.RELEASE 1-sp 1-foo 1-1 1.1 1.1.1 1.10 2");
        check_sorted("Maven",
                     "2.0-rc1-SNAPSHOT 2.0-rc1 2.0 2.0.1.Final 99999999999999999999 100000000000000000000");
        check_invalid("Maven", "");
        check_invalid("Maven", "1 2");
}

static void test_gem(void **state)
{
        (void)state;
        check_sorted("RubyGems",
                     "0 = 0.0 1.0.a2 = 1.0.a.2 = 1.a2 1.0.a10 1.0.b1 1.0.0-1 = 1.pre.1 1 = 1.0 = 1.0.0"
                     " 1.0.0.1 1.2 1.10");
        check_invalid("RubyGems", "");
        check_invalid("RubyGems", "v1");
        check_invalid("RubyGems", "1..2");
        check_invalid("RubyGems", "1.");
}

static void test_composer(void **state)
{
        (void)state;
        check_sorted(
                "Packagist",
                "1.0-dev 1.0-alpha1 = 1.0a1 1.0-beta 1.0-RC1 = v1.0.0rc1 = 1.0.0.0-rc-1 1.0 = 1 = 1.0.0 ="
                " v1.0.0.0 = 1.0.0-stable = 1.0+build 1.0-p1 = 1.0-patch1 1.0.0.1 1.2 1.10 1.x-dev 2.0-dev");
        check_invalid("Packagist", "dev-master");
        check_invalid("Packagist", "");
}

static void test_numbers(void **state)
{
        (void)state;
        check_sorted("CRAN", "0.1-2 = 0.1.2 0.1-2.0 0.1-10 0.2 1");
        check_sorted("Hackage", "0.1 0.1.0 0.1.0.0 0.1.2 0.1.10 1");
        check_invalid("CRAN", "1.a");
        check_invalid("Hackage", "0.1-2");
}

static void test_semver_kin(void **state)
{
        (void)state;
        check_sorted("NuGet", "1.0.0-alpha = 1.0.0-ALPHA 1.0.0-beta.2 1.0.0-BETA.10 1.0 = 1.0.0.0 = 1.0.0+x "
                              "1.0.0.1-pre 1.0.0.1");
        check_sorted("Pub", "1.0.0-pre 1.0.0-pre+build 1.0.0 1.0.0+1 1.0.0+2 1.0.0+a");
}

static void test_unknown_is_not_comparable(void **state)
{
        (void)state;
        assert_null(version_scheme_of("Linux"));
        assert_null(version_scheme_of("debian"));
        assert_null(version_scheme_of(""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_debian),     cmocka_unit_test(test_pypi),
                cmocka_unit_test(test_semver),     cmocka_unit_test(test_go),
                cmocka_unit_test(test_rpm),        cmocka_unit_test(test_apk),
                cmocka_unit_test(test_maven),      cmocka_unit_test(test_gem),
                cmocka_unit_test(test_composer),   cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_semver_kin), cmocka_unit_test(test_unknown_is_not_comparable),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
