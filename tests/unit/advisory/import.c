/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

static void test_unchanged_and_newest(void **state)
{
        struct scene *s = *state;
        const char *old =
                RECORD("GHSA-c", "", "{" PACKAGE("npm", "p") "," RANGE("{\"introduced\":\"0\"}") "}");
        struct import_result r = import(s, old);
        assert_int_equal(r.records, 1);
        r = import(s, old);
        assert_int_equal(r.records, 0);
        assert_int_equal(r.unchanged, 1);
        import(s, "{\"id\":\"GHSA-c\",\"modified\":\"2024-05-01T00:00:00Z\",\"affected\":[{" PACKAGE(
                          "npm", "p") "," RANGE("{\"introduced\":\"0\"},{\"fixed\":\"0.5.0\"}") "}]}");
        struct match m = match(s, "npm", NULL, "p", "1.0.0");
        assert_int_equal(m.bug_count, 0);
        import(s, old); /* older: does not come back */
        m = match(s, "npm", NULL, "p", "1.0.0");
        assert_int_equal(m.bug_count, 0);
}

/* The export of Go's records names roots and their callers alike; what the starter set knows stays. */
static void test_kinds_of_symbols_survive_an_import(void **state)
{
        struct scene *s = *state;
        import(s,
               "{\"id\":\"GO-2021-0113\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[\"CVE-2021-"
               "38561\"],\"affected\":[{" PACKAGE("Go", "golang.org/x/text") "," RANGE(
                       "{\"introduced\":\"0\"},{\"fixed\":\"0.3.7\"}") ",\"ecosystem_specific\":{\"imports\":"
                                                                       "[{\"path\":\"golang.org/x/text/"
                                                                       "language\",\"symbols\":["
                                                                       "\"MatchStrings\",\"Parse\",\"New\"]}]"
                                                                       "}}]}");
        struct match m = match(s, "Go", NULL, "golang.org/x/text", "v0.3.5");
        for (size_t i = 0; i < m.bug_count; i++) {
                if (strcmp(m.bugs[i].id, "CVE-2021-38561"))
                        continue;
                assert_int_equal(m.bugs[i].symbol_count, 3);
                assert_string_not_equal(m.bugs[i].symbols[0].kind, "unspecified");
                assert_string_not_equal(m.bugs[i].symbols[1].kind, "unspecified");
                assert_string_equal(m.bugs[i].symbols[2].kind, "unspecified");
                return;
        }
        fail_msg("CVE-2021-38561 was not found");
}

/* One CVE, functions of several packages in the own table: a package has its own, an unnamed one of the same
 * ecosystem all of that, another ecosystem none. */
static void test_own_symbols_are_those_of_the_package(void **state)
{
        struct scene *s = *state;
        const struct {
                const char *ecosystem, *name, *container; /* container NULL: none at all */
        } cases[] = {
                {"Debian:12", "nghttp2", "libnghttp2.so.14"},
                {"Maven", "org.apache.tomcat.embed:tomcat-embed-core", "org.apache.coyote.http2."},
                {"Maven", "org.example:other", "org.apache.coyote.http2."},
                {"npm", "example", NULL},
        };
        char record[2048];
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                snprintf(record, sizeof(record),
                         "{\"id\":\"T-%zu\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[\"CVE-2023-"
                         "44487\"],"
                         "\"affected\":[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"%s\"},"
                         "\"versions\":[\"7.7\"]}]}",
                         i, cases[i].ecosystem, cases[i].name);
                import(s, record);
        }
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char ecosystem[32];
                snprintf(ecosystem, sizeof(ecosystem), "%s", cases[i].ecosystem);
                char *release = strchr(ecosystem, ':');
                if (release)
                        *release++ = 0;
                struct match m = match(s, ecosystem, release, cases[i].name, "7.7");
                assert_true(m.bug_count >= 1);
                size_t mine = 0;
                for (size_t k = 0; k < m.bugs[0].symbol_count; k++) {
                        const struct symbol *y = &m.bugs[0].symbols[k];
                        mine += cases[i].container &&
                                !strncmp(y->container, cases[i].container, strlen(cases[i].container));
                }
                assert_int_equal(mine, m.bugs[0].symbol_count);
                assert_int_equal(mine > 0, cases[i].container != NULL);
        }
}

static void test_starter_is_there(void **state)
{
        struct scene *s = *state;
        struct match m = match(s, "PyPI", NULL, "jinja2", "2.11.2");
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        assert_non_null(strstr(ids(s, &m), "CVE-2020-28493"));
        m = match(s, "Go", NULL, "golang.org/x/text", "v0.3.5");
        assert_non_null(strstr(ids(s, &m), "CVE-2021-38561"));
        bool root = false, derived = false;
        for (size_t i = 0; i < m.bug_count; i++)
                for (size_t k = 0; k < m.bugs[i].symbol_count; k++) {
                        root = root || !strcmp(m.bugs[i].symbols[k].kind, "root");
                        derived = derived || !strcmp(m.bugs[i].symbols[k].kind, "derived");
                }
        assert_true(root && derived);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_unchanged_and_newest),
                T(test_kinds_of_symbols_survive_an_import),
                T(test_own_symbols_are_those_of_the_package),
                T(test_starter_is_there),
        };
        return cmocka_run_group_tests(tests, setup_prototype, teardown_prototype);
}
