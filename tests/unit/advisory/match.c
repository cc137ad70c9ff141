/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

static void test_ranges(void **state)
{
        struct scene *s = *state;
        import(s, RECORD("GHSA-r", "",
                         "{" PACKAGE("npm", "ranged") ",\"ranges\":[{\"type\":\"GIT\",\"repo\":\"x\","
                                                      "\"events\":[{\"introduced\":\"0\"}]},"
                                                      "{\"type\":\"SEMVER\",\"events\":[{\"fixed\":\"1.5.0\"}"
                                                      ",{\"introduced\":\"1.0.0\"},"
                                                      "{\"introduced\":\"2.0.0\"},{\"last_affected\":\"2.3."
                                                      "0\"}]}],\"versions\":[\"7.7.7\"]}"));
        const struct {
                const char *version;
                bool affected;
        } cases[] = {{"0.9.9", false}, {"1.0.0", true},      {"1.4.9", true}, {"1.5.0", false},
                     {"1.9.0", false}, {"2.0.0", true},      {"2.3.0", true}, {"2.3.1", false},
                     {"7.7.7", true},  {"2.0.0-rc.1", false}};
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct match m = match(s, "npm", NULL, "ranged", cases[i].version);
                assert_int_equal(m.outcome, MATCH_EVALUATED);
                if ((m.bug_count == 1) != cases[i].affected)
                        fail_msg("%s", cases[i].version);
        }
        struct match m = match(s, "npm", NULL, "ranged", "1.2.0");
        assert_string_equal(m.bugs[0].fixed_version, "1.5.0");
        assert_int_equal(m.bugs[0].fix_state, FIX_FIXED);
}

static void test_limit_and_empty_and_withdrawn(void **state)
{
        struct scene *s = *state;
        import(s,
               RECORD("GHSA-limit", "",
                      "{" PACKAGE("npm", "p") "," RANGE("{\"introduced\":\"0\"},{\"limit\":\"2.0.0\"}") "}"));
        import(s, RECORD("GHSA-empty", "", "{" PACKAGE("npm", "p") "}"));
        import(s, RECORD("GHSA-gone", ",\"withdrawn\":\"2024-02-02T00:00:00Z\"",
                         "{" PACKAGE("npm", "p") "," RANGE("{\"introduced\":\"0\"}") "}"));
        struct match m = match(s, "npm", NULL, "p", "1.0.0");
        assert_string_equal(ids(s, &m), "GHSA-limit");
        m = match(s, "npm", NULL, "p", "2.0.0");
        assert_string_equal(ids(s, &m), "");
}

static void test_no_data_is_not_clean(void **state)
{
        struct scene *s = *state;
        struct match m = match(s, "Debian", "12", "openssl", "3.0");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        assert_string_equal(m.mend, "usewear db update Debian");
        import(s, BULLETIN("DSA-1-1", "", "src"));
        /* One record in passing does not make a release known. */
        m = match(s, "Debian", "12", "openssl", "3.0");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        for (int i = 0; i < 10; i++) {
                char json[500];
                snprintf(json, sizeof(json), BULLETIN("DSA-9%d-1", "", "src"), i);
                import(s, json);
        }
        m = match(s, "Debian", "12", "openssl", "3.0");
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        m = match(s, "Debian", "13", "src", "1.0");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        m = match(s, "Debian", NULL, "src", "1.0");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        m = match(s, "Debian", "12", "src", "not a version");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        m = match(s, "Debian", "12", "src", NULL);
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
}

static void test_end_of_life(void **state)
{
        struct scene *s = *state;
        fill_release(s, "Alpine:v3.15");
        struct match m = match(s, "Alpine", "v3.15", "filler", "1-r0");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        assert_non_null(strstr(m.reason, "end of life"));
        assert_non_null(strstr(m.reason, "2023-11-01"));
        m = match(s, "Alpine", "v3.15", "filler", "0");
        assert_int_equal(m.bug_count, 10); /* what is known is still told */
}

static void test_registry_suffix(void **state)
{
        struct scene *s = *state;
        fill_release(s, "Packagist:https://packages.drupal.org/8");
        import(s, RECORD("DRUPAL-CONTRIB-2024-1", "",
                         "{" PACKAGE("Packagist:https://packages.drupal.org/8", "drupal/token") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1.5.0\"}") "}"));
        assert_int_equal(
                match(s, "Packagist", "https://packages.drupal.org/8", "drupal/token", "1.4").bug_count, 1);
        assert_int_equal(
                match(s, "Packagist", "https://packages.drupal.org/8", "drupal/token", "1.5").bug_count, 0);
        /* Composer's list does not say whence a module comes; its vendor does. */
        assert_int_equal(match(s, "Packagist", NULL, "drupal/token", "1.5").bug_count, 0);
        assert_int_equal(match(s, "Packagist", NULL, "drupal/token", "1.4").bug_count, 1);
        import(s, RECORD("GHSA-core", "",
                         "{" PACKAGE("Packagist", "drupal/nosuch") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"9.0."
                                 "0\"}") "},"
                                         "{" PACKAGE("Packagist:https://"
                                                     "packages.drupal.org/8",
                                                     "acme/token") "," RANGE("{\"i"
                                                                             "ntro"
                                                                             "duce"
                                                                             "d\":"
                                                                             "\"0"
                                                                             "\"}") "}"));
        assert_int_equal(
                match(s, "Packagist", "https://packages.drupal.org/8", "drupal/nosuch", "8").bug_count, 1);
        assert_int_equal(match(s, "Packagist", NULL, "acme/token", "1").bug_count, 0);
}

/* What a crafted record may ask for is bounded: many CVEs in one bulletin, many events in one range. */
static void test_crafted_records(void **state)
{
        struct scene *s = *state;
        _cleanup_buf_ struct buf json = BUF_INIT(8 << 20);
        buf_add_str(
                &json,
                "{\"id\":\"DSA-7-1\",\"modified\":\"2024-01-01T00:00:00Z\",\"upstream\":[\"CVE-2024-10000\"");
        for (int i = 0; i < 20000; i++)
                buf_addf(&json, ",\"CVE-2024-%d\"", 10000 + i);
        buf_add_str(&json, "],\"affected\":[{" PACKAGE(
                                   "Debian:12", "wide") ",\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[");
        for (int i = 0; i < 20000; i++)
                buf_addf(&json, "{\"introduced\":\"%d\"},{\"fixed\":\"%d\"},", 2 * i, 2 * i + 1);
        buf_add_str(&json, "{\"introduced\":\"900000\"}]}]}]}");
        assert_int_equal(json.error, 0);
        import(s, json.data);
        struct match m = match(s, "Debian", "12", "wide", "4");
        assert_int_equal(m.bug_count, 20000);
        assert_string_equal(m.bugs[0].fixed_version, "5");
        assert_int_equal(match(s, "Debian", "12", "wide", "5").bug_count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_ranges),
                T(test_limit_and_empty_and_withdrawn),
                T(test_no_data_is_not_clean),
                T(test_end_of_life),
                T(test_registry_suffix),
                T(test_crafted_records),
        };
        return cmocka_run_group_tests(tests, setup_prototype, teardown_prototype);
}
