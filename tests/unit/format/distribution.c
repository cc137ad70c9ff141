/* SPDX-License-Identifier: Apache-2.0 */
/* os-release files as the distributions ship them → ecosystem and release of OSV. */
#include "format/distribution.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void check(const char *id, const char *version_id, const char *version, const char *ecosystem,
                  const char *release)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 16);
        struct os_release os = {.id = id, .name = "Named So", .version_id = version_id, .version = version};
        struct distribution d = {};
        assert_int_equal(distribution_of(&os, &memory, &d), 0);
        assert_string_equal(d.ecosystem, ecosystem);
        if (release)
                assert_string_equal(d.release ? d.release : "none", release);
        else
                assert_null(d.release);
}

static void test_releases(void **state)
{
        (void)state;
        check("debian", "12", "12 (bookworm)", "Debian", "12");
        check("debian", NULL, NULL, "Debian", NULL); /* sid */
        check("ubuntu", "24.04", "24.04.1 LTS (Noble Numbat)", "Ubuntu", "24.04:LTS");
        check("ubuntu", "22.04", NULL, "Ubuntu", "22.04:LTS");
        check("ubuntu", "23.10", NULL, "Ubuntu", "23.10");
        check("ubuntu", "23.04", NULL, "Ubuntu", "23.04");
        check("alpine", "3.18.4", NULL, "Alpine", "v3.18");
        check("alpine", "3.19_alpha20230901", NULL, "Alpine", "3.19_alpha20230901");
        check("almalinux", "9.3", NULL, "AlmaLinux", "9");
        check("almalinux", "10", NULL, "AlmaLinux", "10");
        check("rocky", "8.9", NULL, "Rocky Linux", "8");
        check("rhel", "9.4", NULL, "Red Hat", "enterprise_linux:9");
        check("opensuse-leap", "15.6", NULL, "openSUSE", "Leap 15.6");
        check("sles", "15.5", NULL, "SUSE", "Linux Enterprise Server 15 SP5");
        check("sles", "16.0", NULL, "SUSE", "Linux Enterprise Server 16.0");
        check("sled", "15.4", NULL, "SUSE", "Linux Enterprise Desktop 15 SP4");
        check("sle-micro", "5.5", NULL, "SUSE", "Linux Enterprise Micro 5.5");
        check("sl-micro", "6.1", NULL, "SUSE", "Linux Micro 6.1");
        check("opensuse-leap-micro", "5.5", NULL, "openSUSE", "Leap Micro 5.5");
        check("mariner", "2.0", NULL, "Azure Linux", "2");
        check("sles", "15", NULL, "SUSE", "Linux Enterprise Server 15");
        check("azurelinux", "3.0", NULL, "Azure Linux", "3");
        check("openEuler", "22.03", "22.03 (LTS-SP3)", "openEuler", "22.03-LTS-SP3");
        check("wolfi", "20230201", NULL, "Wolfi", NULL);
}

static void test_cousins_borrow_nothing(void **state)
{
        (void)state;
        check("fedora", "40", NULL, "Named So", "40");
        check("amzn", "2023", NULL, "Named So", "2023");
        check("centos", "9", NULL, "Named So", "9");
        check("linuxmint", "21", NULL, "Named So", "21");
        check(NULL, NULL, NULL, "Named So", NULL);
}

static void test_ends(void **state)
{
        (void)state;
        assert_string_equal(distribution_end("Debian", "10", false), "2024-06-30");
        assert_string_equal(distribution_end("Ubuntu", "18.04:LTS", false), "2023-05-31");
        assert_string_equal(distribution_end("Ubuntu", "18.04:LTS", true), "2028-04-26");
        assert_string_equal(distribution_end("Debian", "10", true), "2024-06-30");
        assert_string_equal(distribution_end("Alpine", "v3.10", false), "2021-05-01");
        assert_string_equal(distribution_end("Ubuntu", "23.04", false), "2024-01-25");
        assert_string_equal(distribution_end("openSUSE", "Leap 15.3", false), "2022-12-31");
        assert_string_equal(distribution_end("SUSE", "Linux Enterprise Server 15 SP4", false), "2023-12-31");
        assert_string_equal(distribution_end("SUSE", "Linux Enterprise Server 15 SP4", true), "2026-12-31");
        assert_string_equal(distribution_end("Red Hat", "enterprise_linux:7", true), "2029-05-31");
        assert_string_equal(distribution_end("openEuler", "22.03-LTS-SP3", false), "2025-12-31");
        assert_null(distribution_end("Debian", "99", false));
        assert_null(distribution_end("PyPI", NULL, false));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_releases),
                cmocka_unit_test(test_cousins_borrow_nothing),
                cmocka_unit_test(test_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
