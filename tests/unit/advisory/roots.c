/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions are all of a flaw: only these may support a negative. */
#include "scene.h"

#include "advisory/range.h"
#include "base/str.h"

struct asked {
        const char *ecosystem, *name, *version;
};

/* The bug that one record makes of a package; the record affects all of its versions. */
static const struct bug *bug_in(struct scene *s, const struct asked *asked, const char *id,
                                const char *aliases, const char *specific)
{
        const char *json =
                arena_printf(&s->memory,
                             "{\"id\":\"%s\",\"modified\":\"2026-01-01T00:00:00Z\",\"aliases\":[%s],"
                             "\"affected\":[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"%s\"},\"ranges\":[{"
                             "\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}],"
                             "\"ecosystem_specific\":%s}]}",
                             id, aliases, asked->ecosystem, asked->name, specific);
        import(s, json);
        const struct match m = match(s, asked->ecosystem, NULL, asked->name, asked->version);
        for (size_t i = 0; i < m.bug_count; i++) {
                const struct bug *b = &m.bugs[i];
                bool found = str_equal(b->id, id);
                for (size_t n = 0; n < b->alias_count; n++)
                        found = found || str_equal(b->aliases[n], id);
                if (found)
                        return b;
        }
        fail_msg("%s is not found", id);
        return NULL;
}

static const struct bug *bug_of(struct scene *s, const char *ecosystem, const char *id, const char *aliases,
                                const char *specific)
{
        const struct asked asked = {ecosystem, arena_printf(&s->memory, "pkg-%s", id), "1.0.0"};
        return bug_in(s, &asked, id, aliases, specific);
}

static void go_lists_all_unless_whole_packages_are_named(void **state)
{
        const struct bug *b = bug_of(*state, "Go", "GO-2026-9001", "",
                                     "{\"imports\":[{\"path\":\"x/a\",\"symbols\":[\"F\",\"T.M\"]}]}");
        assert_int_equal(b->symbol_count, 2);
        assert_string_equal(b->symbols[0].kind, "unspecified");
        assert_null(b->roots_gap);
        b = bug_of(*state, "Go", "GO-2026-9002", "",
                   "{\"imports\":[{\"path\":\"x/"
                   "a\",\"symbols\":[\"F\"],\"derived_symbols\":[\"G\"]},{\"path\":\"x/b\"}]}");
        assert_int_equal(b->symbol_count, 2);
        assert_non_null(strstr(b->roots_gap, "whole packages"));
        b = bug_of(*state, "Go", "GO-2026-9003", "", "{}");
        assert_non_null(strstr(b->roots_gap, "names no function"));
}

static void rustsec_lists_all(void **state)
{
        const struct bug *b = bug_of(*state, "crates.io", "RUSTSEC-2026-9001", "",
                                     "{\"affects\":{\"functions\":[\"x::y\"]}}");
        assert_null(b->roots_gap);
}

/* Of a namesake on another platform, or of a version that has the bug elsewhere, nothing may be said. */
static void other_platforms_and_versions_are_not_watched(void **state)
{
        const struct bug *b =
                bug_of(*state, "Go", "GO-2026-9004", "",
                       "{\"imports\":[{\"path\":\"x/a\",\"symbols\":[\"F\"],\"goos\":[\"windows\"]},"
                       "{\"path\":\"x/b\",\"symbols\":[\"G\"],\"goos\":[\"linux\",\"darwin\"]}]}");
        assert_int_equal(b->symbol_count, 1);
        assert_string_equal(b->symbols[0].function, "G");
        assert_string_equal(b->symbols[0].platforms, "linux,darwin/");
        assert_null(b->roots_gap);
        b = bug_of(*state, "Go", "GO-2026-9005", "",
                   "{\"imports\":[{\"path\":\"x/a\",\"symbols\":[\"F\"],\"goarch\":[\"s390x\"]}]}");
        assert_int_equal(b->symbol_count, 0);
        assert_non_null(strstr(b->roots_gap, "other platforms"));
        b = bug_of(*state, "Go", "GO-2026-9006", "",
                   "{\"imports\":[{\"path\":\"x/a\",\"goos\":[\"windows\"]},"
                   "{\"path\":\"x/b\",\"symbols\":[\"G\"]}]}");
        assert_null(b->roots_gap);
        b = bug_of(*state, "crates.io", "RUSTSEC-2026-9002", "",
                   "{\"affected_functions\":{\"x::old\":[\"< 1.0.0\"],\"x::now\":[\">= 0.9, < 1.1\"]}}");
        assert_int_equal(b->symbol_count, 1);
        assert_string_equal(b->symbols[0].function, "x::now");
        assert_null(b->roots_gap);
}

static void github_names_examples(void **state)
{
        const struct bug *b =
                bug_of(*state, "npm", "GHSA-aaaa-aaaa-aaaa", "", "{\"affected_functions\":[\"f\"]}");
        assert_int_equal(b->symbol_count, 1);
        assert_non_null(strstr(b->roots_gap, "no source says"));
}

/* A bug of the starter set whose functions the own table knows. */
static void own_table_is_a_comparison_of_all(void **state)
{
        struct scene *s = *state;
        struct match m = match(s, "PyPI", NULL, "jinja2", "2.11.2");
        bool found = false;
        for (size_t i = 0; i < m.bug_count; i++)
                if (str_equal(m.bugs[i].id, "CVE-2020-28493")) {
                        assert_null(m.bugs[i].roots_gap);
                        found = true;
                }
        assert_true(found);
}

/* What was established in one branch says nothing of others, and one ecosystem's versions nothing of
 * another's. */
static void own_table_speaks_for_its_versions(void **state _unused_)
{
        static const struct {
                const char *ranges, *version;
                bool inside;
        } cases[] = {
                {"<2.11.3", "2.11.2", true},
                {"<2.11.3", "2.11.3", false},
                {"<=2.11.3", "2.11.3", true},
                {">=2.0.0 <2.3.32 | >=2.5.0 <2.5.10.1", "2.3.32", false},
                {">=2.0.0 <2.3.32 | >=2.5.0 <2.5.10.1", "2.5.10", true},
                {">=2.0.0 <2.3.32 | >=2.5.0 <2.5.10.1", "1.9", false},
                {">2.0", "2.0", false},
                {"all", "7", true},
                {"", "1", false},
                {"|", "1", false},
                {"<", "1", false},
                {"2.0", "2.0", false},
                {"<not a version", "2.0", false},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(range_text_contains(span_of(cases[i].ranges), &version_pep440,
                                                     span_of(cases[i].version)),
                                 cases[i].inside);
        assert_false(range_text_contains(span_of("<2"), NULL, span_of("1")));
}

static void an_older_branch_is_a_gap(void **state)
{
        /* Struts' S2-045: the table compared 2.3.31 and 2.5.10, its ranges begin at 2.3.0. */
        struct asked asked = {"Maven", "org.apache.struts:struts2-core", "1.0.0"};
        const struct bug *b = bug_in(*state, &asked, "GHSA-bbbb-bbbb-bbbb", "\"CVE-2017-5638\"", "{}");
        assert_true(b->symbol_count > 0 && b->symbols[0].elsewhere);
        assert_non_null(strstr(b->roots_gap, "other versions"));
        asked.version = "2.3.31";
        b = bug_in(*state, &asked, "GHSA-bbbb-bbbb-bbbb", "\"CVE-2017-5638\"", "{}");
        assert_true(b->symbol_count > 0 && !b->symbols[0].elsewhere);
}

/* One CVE is often that of several packages: silence of the one's functions says nothing of the other's. */
static void another_package_with_the_same_cve_is_a_gap(void **state)
{
        static const struct asked cases[] = {
                {"Maven", "ch.qos.logback:logback-core", "1.2.11"},
                {"Maven", "ch.qos.logback:logback-classic", "1.2.11"},
        };
        static const char *const ids[] = {"GHSA-cccc-cccc-cccc", "GHSA-dddd-dddd-dddd"};
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct bug *b = bug_in(*state, &cases[i], ids[i], "\"CVE-2023-6378\"", "{}");
                assert_true(b->symbol_count > 0);
                assert_int_equal(b->symbols[0].elsewhere, i == 0);
                assert_int_equal(b->roots_gap != NULL, i == 0);
        }
        /* It is the same package in another spelling. */
        const struct asked spelled = {"PyPI", "Jinja2", "2.11.2"};
        const struct bug *b = bug_in(*state, &spelled, "PYSEC-2026-9001", "\"CVE-2020-28493\"", "{}");
        assert_true(b->symbol_count > 0 && !b->symbols[0].elsewhere);
        assert_null(b->roots_gap);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(go_lists_all_unless_whole_packages_are_named),
                T(rustsec_lists_all),
                T(other_platforms_and_versions_are_not_watched),
                T(github_names_examples),
                T(own_table_is_a_comparison_of_all),
                T(own_table_speaks_for_its_versions),
                T(an_older_branch_is_a_gap),
                T(another_package_with_the_same_cve_is_a_gap),
        };
        return cmocka_run_group_tests(tests, setup_prototype, teardown_prototype);
}
