/* SPDX-License-Identifier: Apache-2.0 */
#include "format/kev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CATALOGUE(entries)                                                                                 \
        "{\"catalogVersion\":\"2025\",\"dateReleased\":\"2025-08-25T17:04:19.9796Z\",\"vulnerabilities\":" \
        "[" entries "]}"

static int parse(const char *json, struct kev_catalogue *k, struct arena *a)
{
        struct error error = {};
        int r = kev_parse(json, strlen(json), a, k, &error);
        assert_true(r == 0 || error.text[0]);
        return r;
}

static void test_catalogue(void **state)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        _cleanup_kev_ struct kev_catalogue k = {};
        (void)state;
        assert_int_equal(
                parse(CATALOGUE("{\"cveID\":\"CVE-2021-44228\",\"dateAdded\":\"2021-12-10\",\"dueDate\":"
                                "\"2021-12-24\","
                                "\"knownRansomwareCampaignUse\":\"Known\"},{\"cveID\":\"CVE-2024-1234567\","
                                "\"dateAdded\":\"2024-01-01\",\"knownRansomwareCampaignUse\":\"Unknown\"}"),
                      &k, &a),
                0);
        assert_int_equal(k.released, 1756141459);
        assert_int_equal(k.entries.count, 2);
        assert_string_equal(k.entries.items[0].cve, "CVE-2021-44228");
        assert_string_equal(k.entries.items[0].due, "2021-12-24");
        assert_true(k.entries.items[0].ransomware);
        assert_null(k.entries.items[1].due);
        assert_false(k.entries.items[1].ransomware);
}

static void test_half_a_catalogue_is_none(void **state)
{
        static const char *const entries[] = {
                CATALOGUE("{\"cveID\":\"CVE-2021-44228\"}"),
                CATALOGUE("{\"cveID\":\"GHSA-1\",\"dateAdded\":\"2021-12-10\"}"),
                CATALOGUE("{\"cveID\":\"CVE-2021-44228\",\"dateAdded\":\"today\"}"),
                CATALOGUE("7"),
                "{\"catalogVersion\":\"1\",\"vulnerabilities\":[]}",
                "{",
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                _cleanup_kev_ struct kev_catalogue k = {};
                if (parse(entries[i], &k, &a) != -EBADMSG)
                        fail_msg("%s", entries[i]);
        }
}

static void test_other_json(void **state)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        _cleanup_kev_ struct kev_catalogue k = {};
        (void)state;
        assert_int_equal(parse("{\"id\":\"x\"}", &k, &a), -ENODATA);
}

static void test_cve(void **state)
{
        (void)state;
        assert_true(cve_valid("CVE-1999-0001"));
        assert_true(cve_valid("CVE-2024-1234567"));
        assert_false(cve_valid("CVE-2024-12"));
        assert_false(cve_valid("CVE-2024-12a4"));
        assert_false(cve_valid("cve-2024-1234"));
        assert_false(cve_valid(""));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_catalogue),
                cmocka_unit_test(test_half_a_catalogue_is_none),
                cmocka_unit_test(test_other_json),
                cmocka_unit_test(test_cve),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
