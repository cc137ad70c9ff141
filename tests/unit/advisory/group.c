/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

static void test_aliases_are_one_bug(void **state)
{
        struct scene *s = *state;
#define PYSEC_RANGE "{" PACKAGE("PyPI", "Thing_x") "," RANGE("{\"introduced\":\"0\"},{\"fixed\":\"1.2\"}") "}"
        import(s, RECORD("PYSEC-2024-1", ",\"aliases\":[\"GHSA-a\"]", PYSEC_RANGE));
        import(s,
               RECORD("GHSA-a",
                      ",\"aliases\":[\"CVE-2024-0001\",\"PYSEC-2024-1\"],\"severity\":[{\"type\":\"CVSS_V3\","
                      "\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}]",
                      "{" PACKAGE("PyPI",
                                  "thing-x") "," RANGE("{\"introduced\":\"0\"},{\"fixed\":\"1.3\"}") "}"));
        struct match m = match(s, "PyPI", NULL, "thing.X", "1.0");
        assert_string_equal(ids(s, &m), "CVE-2024-0001");
        assert_int_equal(m.bugs[0].alias_count, 2);
        assert_string_equal(m.bugs[0].aliases[0], "GHSA-a");
        assert_string_equal(m.bugs[0].fixed_version, "1.3");
        assert_string_equal(m.bugs[0].severity.rating, "critical");
        assert_true(m.bugs[0].severity.score > 9.75 && m.bugs[0].severity.score < 9.85);
        assert_string_equal(m.bugs[0].severity.source, "GHSA-a");
}

static void test_several_cves_join_nothing(void **state)
{
        struct scene *s = *state;
        import(s, RECORD("GO-2024-1", ",\"aliases\":[\"CVE-2024-0001\",\"CVE-2024-0002\"]",
                         "{" PACKAGE("Go", "e.org/m") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1.2.0\"}") "}"));
        import(s, RECORD("GHSA-b", ",\"aliases\":[\"CVE-2024-0002\"]",
                         "{" PACKAGE("Go", "e.org/m") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1.4.0\"}") "}"));
        struct match m = match(s, "Go", NULL, "e.org/m", "v1.0.0");
        assert_string_equal(ids(s, &m), "CVE-2024-0001 CVE-2024-0002");
        assert_string_equal(m.bugs[0].fixed_version, "1.2.0");
        assert_string_equal(m.bugs[1].fixed_version, "1.4.0");
}

static void test_bulletins_expand(void **state)
{
        struct scene *s = *state;
        import(s, BULLETIN("DSA-1-1",
                           ",\"upstream\":[\"CVE-2024-0003\",\"CVE-2024-0004\",\"DEBIAN-CVE-2024-0003\"]",
                           "src"));
        import(s, RECORD("DEBIAN-CVE-2024-0003", ",\"upstream\":[\"CVE-2024-0003\"]",
                         "{" PACKAGE("Debian:12", "src") "," RANGE("{\"introduced\":\"0\"},{\"fixed\":\"1.0-"
                                                                   "1+deb12u1\"}") ",\"ecosystem_specific\":{"
                                                                                   "\"urgency\":\"high\"}}"));
        struct match m = match(s, "Debian", "12", "src", "1.0-1");
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        assert_string_equal(ids(s, &m), "CVE-2024-0003 CVE-2024-0004");
        assert_int_equal(m.bugs[0].bulletin_count, 1);
        assert_string_equal(m.bugs[0].bulletins[0], "DSA-1-1");
        assert_string_equal(m.bugs[0].severity.rating, "high");
        assert_string_equal(m.bugs[0].fixed_version, "1.0-1+deb12u1");
        assert_string_equal(m.bugs[1].bulletins[0], "DSA-1-1");
}

static void test_kev_and_malware(void **state)
{
        struct scene *s = *state;
        import(s, "{\"catalogVersion\":\"1\",\"dateReleased\":\"2025-01-01T00:00:00Z\",\"vulnerabilities\":[{"
                  "\"cveID\":"
                  "\"CVE-2024-0009\",\"dateAdded\":\"2024-03-04\",\"dueDate\":\"2024-03-25\","
                  "\"knownRansomwareCampaignUse\":\"Known\"}]}");
        import(s, RECORD("GHSA-k", ",\"aliases\":[\"CVE-2024-0009\"]",
                         "{" PACKAGE("npm", "k") "," RANGE("{\"introduced\":\"0\"}") "}"));
        import(s, RECORD("MAL-2024-1", "", "{" PACKAGE("npm", "evil") ",\"versions\":[\"1.0.0\"]}"));
        struct match m = match(s, "npm", NULL, "k", "1.0.0");
        assert_string_equal(m.bugs[0].kev_added, "2024-03-04");
        assert_string_equal(m.bugs[0].kev_due, "2024-03-25");
        assert_true(m.bugs[0].kev_ransomware);
        assert_int_equal(m.bugs[0].fix_state, FIX_NOT_FIXED);
        assert_true(m.bugs[0].epss < 0);
        m = match(s, "npm", NULL, "evil", "1.0.0");
        assert_true(m.bugs[0].malware);
        assert_int_equal(match(s, "npm", NULL, "evil", "1.0.1").bug_count, 0);
}

static const struct bug *find(const struct match *m, const char *id)
{
        for (size_t i = 0; i < m->bug_count; i++)
                if (!strcmp(m->bugs[i].id, id))
                        return &m->bugs[i];
        fail_msg("%s was not found", id);
        return NULL;
}

/* Groups as the real records of the starter set make them. */
static void test_real_records(void **state)
{
        struct scene *s = *state;
        struct match m = match(s, "npm", NULL, "lodash", "4.17.15");
        assert_string_equal(ids(s, &m), "CVE-2020-28500 CVE-2020-8203 CVE-2021-23337 x_NSWG-ECO-516");
        assert_string_equal(find(&m, "CVE-2021-23337")->fixed_version, "4.17.21");
        assert_string_equal(find(&m, "CVE-2021-23337")->severity.source, "GHSA-35jh-r3h4-6jhm");

        m = match(s, "crates.io", NULL, "smallvec", "1.6.0");
        const struct bug *b = find(&m, "CVE-2021-25900"); /* RUSTSEC-2021-0003 and GHSA-43w2-9j62-hq99 */
        assert_string_equal(b->fixed_version, "1.6.1");
        assert_string_equal(b->severity.source, "RUSTSEC-2021-0003");
        assert_int_equal(b->alias_count, 2);
        assert_string_equal(b->symbols[0].function, "smallvec::SmallVec::insert_many");

        m = match(s, "PyPI", NULL, "Jinja2", "2.11.2");
        assert_string_equal(find(&m, "CVE-2020-28493")->aliases[1], "PYSEC-2021-66");
        assert_int_equal(match(s, "PyPI", NULL, "jinja2", "99").bug_count, 0);

        m = match(s, "Go", NULL, "stdlib", "go1.18");
        b = find(&m, "CVE-2022-27664"); /* GO-2022-0969 */
        assert_string_equal(b->fixed_version, "1.18.6");
        assert_false(b->low_confidence);

        m = match(s, "Maven", NULL, "org.apache.logging.log4j:log4j-core", "2.14.1");
        assert_string_equal(find(&m, "CVE-2021-44228")->fixed_version, "2.15.0");
        assert_non_null(find(&m, "CVE-2021-44228")->kev_added);
        m = match(s, "Maven", NULL, "log4j-core", "2.14.1");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        assert_non_null(strstr(m.reason, "group"));
        m = match(s, "Packagist", NULL, "http-kernel", "2.0.0");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        m = match(s, "Maven", NULL, "org.apache.logging.log4j:log4j-core", "99");
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        assert_int_equal(m.bug_count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_aliases_are_one_bug), T(test_several_cves_join_nothing),
                T(test_bulletins_expand),    T(test_kev_and_malware),
                T(test_real_records),
        };
        return cmocka_run_group_tests(tests, setup_prototype, teardown_prototype);
}
