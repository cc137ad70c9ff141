/* SPDX-License-Identifier: Apache-2.0 */
/* Import and matching through the public interface, over small records in a scratch folder. */
#include "advisory/advisory.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct scene {
        char dir[64];
        struct advisory_db *db;
        struct arena memory;
        unsigned files;
};

static char prototype[64]; /* folder of a database with nothing but the starter set, copied for each test */

static int setup_prototype(void **state)
{
        struct advisory_db *db = NULL;
        (void)state;
        strcpy(prototype, "/tmp/usewear-advisory-XXXXXX");
        if (!mkdtemp(prototype) || advisory_open(prototype, ADVISORY_WRITE, &db, NULL) < 0)
                return -1;
        advisory_close(db);
        return 0;
}

static int teardown_prototype(void **state)
{
        char command[100];
        (void)state;
        snprintf(command, sizeof(command), "rm -rf %s", prototype);
        return system(command);
}

static int setup(void **state)
{
        struct scene *s = calloc(1, sizeof(*s));
        struct error error = {};
        char command[200];
        strcpy(s->dir, "/tmp/usewear-advisory-XXXXXX");
        s->memory = ARENA_INIT(32 << 20);
        if (!mkdtemp(s->dir))
                return -1;
        snprintf(command, sizeof(command), "cp %s/advisory.db %s/", prototype, s->dir);
        if (system(command) || advisory_open(s->dir, ADVISORY_WRITE, &s->db, &error) < 0) {
                fprintf(stderr, "%s\n", error.text);
                return -1;
        }
        *state = s;
        return 0;
}

static int teardown(void **state)
{
        struct scene *s = *state;
        char command[100];
        advisory_close(s->db);
        arena_done(&s->memory);
        snprintf(command, sizeof(command), "rm -rf %s", s->dir);
        int r = system(command);
        free(s);
        return r;
}

static const char *write_file(struct scene *s, const char *bytes)
{
        char *path = arena_printf(&s->memory, "%s/%u.json", s->dir, s->files++);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(file_write_fd(fd, bytes, strlen(bytes)), 0);
        return path;
}

static struct import_result import(struct scene *s, const char *json)
{
        struct error error = {};
        struct import_result result = {};
        if (advisory_import(s->db, write_file(s, json), NULL, &result, &error) < 0)
                fail_msg("%s", error.text);
        return result;
}

static struct match match(struct scene *s, const char *ecosystem, const char *release, const char *name,
                          const char *version)
{
        struct match_query query = {ecosystem, release, name, version};
        struct error error = {};
        struct match m = {};
        if (advisory_match(s->db, &query, &s->memory, &m, &error) < 0)
                fail_msg("%s", error.text);
        return m;
}

static const char *ids(struct scene *s, const struct match *m)
{
        char *text = arena_strdup(&s->memory, "");
        for (size_t i = 0; i < m->bug_count; i++)
                text = arena_printf(&s->memory, "%s%s%s", text, i ? " " : "", m->bugs[i].id);
        return text;
}

#define RANGE(events)      "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[" events "]}]"
#define PACKAGE(eco, name) "\"package\":{\"ecosystem\":\"" eco "\",\"name\":\"" name "\"}"
#define RECORD(id, more, affected) \
        "{\"id\":\"" id "\",\"modified\":\"2024-01-01T00:00:00Z\"" more ",\"affected\":[" affected "]}"

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

#define BULLETIN(id, related, name)     \
        RECORD(id, related,             \
               "{" PACKAGE("Debian:12", \
                           name) "," RANGE("{\"introduced\":\"0\"},{\"fixed\":\"1.0-1+deb12u1\"}") "}")

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

/* Ten advisories of a release, so that what none of them affects is clean there. */
static void fill_release(struct scene *s, const char *ecosystem)
{
        for (int i = 0; i < 10; i++)
                import(s, arena_printf(&s->memory,
                                       "{\"id\":\"CVE-2020-%d%02d\",\"modified\":\"2024-01-01T00:00:00Z\","
                                       "\"affected\":["
                                       "{\"package\":{\"ecosystem\":\"%s\",\"name\":\"filler\"},\"versions\":"
                                       "[\"0\"]}]}",
                                       (int)strlen(ecosystem) * 10, i, ecosystem));
}

static void test_bought_support(void **state)
{
        struct scene *s = *state;
        import(s, RECORD("UBUNTU-CVE-2023-7007", ",\"upstream\":[\"CVE-2023-7007\"]",
                         "{" PACKAGE("Ubuntu:Pro:22.04:LTS", "old") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1.0-1ubuntu1+esm1\"}") "}"));
        struct match m = match(s, "Ubuntu", "22.04:LTS", "old", "1.0-1ubuntu1");
        assert_int_equal(m.bug_count, 1);
        assert_null(m.bugs[0].fixed_version);
        assert_int_equal(m.bugs[0].fix_state, FIX_EXTENDED_SUPPORT);

        struct match_query attached = {"Ubuntu", "22.04:LTS", "old", "1.0-1ubuntu1", .extended = true};
        assert_int_equal(advisory_match(s->db, &attached, &s->memory, &m, NULL), 0);
        assert_string_equal(m.bugs[0].fixed_version, "1.0-1ubuntu1+esm1");
        m = match(s, "Ubuntu", "22.04:LTS", "old", "1.0-1ubuntu1+esm0"); /* it can only come from there */
        assert_int_equal(m.bugs[0].fix_state, FIX_FIXED);
        assert_int_equal(match(s, "Ubuntu", "22.04:LTS", "old", "1.0-1ubuntu1+esm1").bug_count, 0);

        /* The release itself has no fix, or a later one: of a package of Pro, Pro speaks. */
        import(s,
               RECORD("UBUNTU-CVE-2023-7008", ",\"upstream\":[\"CVE-2023-7008\"]",
                      "{" PACKAGE("Ubuntu:22.04:LTS", "older") "," RANGE(
                              "{\"introduced\":\"0\"}") "},"
                                                        "{" PACKAGE(
                                                                "Ubuntu:Pro:22.04:LTS",
                                                                "older") "," RANGE("{\"introduced\":\"0\"},{"
                                                                                   "\"fixed\":\"1.0-1ubuntu1+"
                                                                                   "esm2\"}") "}"));
        m = match(s, "Ubuntu", "22.04:LTS", "older", "1.0-1ubuntu1");
        assert_int_equal(m.bugs[0].fix_state, FIX_EXTENDED_SUPPORT);
        m = match(s, "Ubuntu", "22.04:LTS", "older", "1.0-1ubuntu1+esm1");
        assert_int_equal(m.bug_count, 1);
        assert_string_equal(m.bugs[0].fixed_version, "1.0-1ubuntu1+esm2");
        assert_int_equal(match(s, "Ubuntu", "22.04:LTS", "older", "1.0-1ubuntu1+esm2").bug_count, 0);
        assert_int_equal(match(s, "Ubuntu", "22.04:LTS", "older", "1.0-1ubuntu3").bug_count, 1);
}

static void test_red_hat_streams(void **state)
{
        struct scene *s = *state;
        fill_release(s, "Red Hat:enterprise_linux:9::baseos");
        import(s, RECORD("RHSA-2024:1", ",\"upstream\":[\"CVE-2024-1011\"]",
                         "{" PACKAGE("Red Hat:enterprise_linux:9::appstream", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1:2-3.el9\"}") "}"));
        import(s, RECORD("RHSA-2024:2", ",\"upstream\":[\"CVE-2024-1012\"]",
                         "{" PACKAGE("Red Hat:rhel_aus:9.2::appstream", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1:2-9.el9_2\"}") "}"));
        struct match m = match(s, "Red Hat", "enterprise_linux:9", "web", "1:2-2.el9");
        assert_string_equal(ids(s, &m), "CVE-2024-1011");
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "1:2-3.el9"); /* AUS only where it is named */
        assert_int_equal(m.bug_count, 0);
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        m = match(s, "Red Hat", "rhel_aus:9.2", "web", "1:2-3.el9");
        assert_string_equal(ids(s, &m), "CVE-2024-1012");
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-9.el9"); /* the epoch counts */
        assert_string_equal(ids(s, &m), "CVE-2024-1011");
        assert_int_equal(match(s, "Red Hat", "enterprise_linux:90", "web", "1").outcome, MATCH_NOT_EVALUATED);
}

static void write_streams(struct scene *s, const char *text)
{
        const char *path = arena_printf(&s->memory, "%s/streams", s->dir);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(file_write_fd(fd, text, strlen(text)), 0);
}

static void test_named_streams(void **state)
{
        struct scene *s = *state;
        struct error error = {};
        fill_release(s, "Red Hat:enterprise_linux:9::baseos");
        import(s, RECORD("RHSA-2024:1", ",\"upstream\":[\"CVE-2024-1011\"]",
                         "{" PACKAGE("Red Hat:enterprise_linux:9::appstream", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"2-9.el9_4\"}") "}"));
        import(s, RECORD("RHSA-2024:2", ",\"upstream\":[\"CVE-2024-1011\"]",
                         "{" PACKAGE("Red Hat:rhel_eus:9.2::appstream", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"2-3.el9_2.7\"}") "}"));
        import(s, RECORD("RHSA-2024:3", ",\"upstream\":[\"CVE-2024-1012\"]",
                         "{" PACKAGE("Red Hat:rhel_eus:9.2::appstream", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"2-3.el9_2.8\"}") "}"));
        import(s, RECORD("RHSA-2024:4", ",\"upstream\":[\"CVE-2024-1013\"]",
                         "{" PACKAGE("Red Hat:rhel_eus:8.6::appstream",
                                     "web") "," RANGE("{\"introduced\":\"0\"}") "}"));
        struct match m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-3.el9_2.7");
        assert_string_equal(ids(s, &m), "CVE-2024-1011");

        s->db = advisory_close(s->db);
        write_streams(s, "# bought\n\nRed Hat:rhel_eus:9.2\n Red Hat:rhel_eus:8.6\n");
        assert_int_equal(advisory_open(s->dir, ADVISORY_WRITE, &s->db, &error), 0);
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-3.el9_2.7");
        assert_string_equal(ids(s, &m), "CVE-2024-1012");
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-3.el9_2.6");
        assert_string_equal(ids(s, &m), "CVE-2024-1011 CVE-2024-1012");
        assert_string_equal(m.bugs[0].fixed_version, "2-3.el9_2.7"); /* not the newer release's */
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-3.el9_2.8");
        assert_int_equal(m.bug_count, 0);
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        /* A later release's package is not that stream's, though its version is above the stream's fix. */
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-8.el9_4");
        assert_string_equal(ids(s, &m), "CVE-2024-1011");
        m = match(s, "Red Hat", "enterprise_linux:9", "web", "2-8.el9_20");
        assert_string_equal(ids(s, &m), "CVE-2024-1011");
}

static void write_streams_and_open(struct scene *s, const char *text)
{
        struct error error = {};
        s->db = advisory_close(s->db);
        write_streams(s, text);
        if (advisory_open(s->dir, ADVISORY_WRITE, &s->db, &error) < 0)
                fail_msg("%s", error.text);
}

/* Every kind of bought stream that OSV has. */
static void test_other_named_streams(void **state)
{
        static const struct {
                const char *stream, *ecosystem, *release;
        } cases[] = {
                {"Red Hat:rhel_e4s:8.8::baseos", "Red Hat", "enterprise_linux:8"},
                {"Red Hat:rhel_aus:8.4::baseos", "Red Hat", "enterprise_linux:8"},
                {"Red Hat:rhel_els:7", "Red Hat", "enterprise_linux:7"},
                {"Red Hat:enterprise_linux_eus:10.0", "Red Hat", "enterprise_linux:10"},
                {"SUSE:Linux Enterprise Server 15 SP3-LTSS", "SUSE", "Linux Enterprise Server 15 SP3"},
                {"SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5", "SUSE",
                 "Linux Enterprise Server 12 SP5"},
                {"SUSE:Linux Enterprise High Performance Computing 15 SP4-ESPOS", "SUSE",
                 "Linux Enterprise Server 15 SP4"},
        };
        struct scene *s = *state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *repository = strstr(cases[i].stream, "::");
                char *name = repository ? arena_strndup(&s->memory, cases[i].stream,
                                                        (size_t)(repository - cases[i].stream))
                                        : arena_strdup(&s->memory, cases[i].stream);
                char *package = arena_printf(&s->memory, "web%zu", i);
                import(s,
                       arena_printf(
                               &s->memory,
                               "{\"id\":\"CVE-2031-1%03zu\",\"modified\":\"2024-01-01T00:00:00Z\","
                               "\"affected\":"
                               "[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"%s\"},\"ranges\":[{\"type\":"
                               "\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"}]}]}]}",
                               i, cases[i].stream, package));
                write_streams_and_open(s, "");
                assert_int_equal(match(s, cases[i].ecosystem, cases[i].release, package, "1-1.el").bug_count,
                                 0);
                write_streams_and_open(s, name);
                assert_int_equal(match(s, cases[i].ecosystem, cases[i].release, package, "1-1.el").bug_count,
                                 1);
                assert_int_equal(match(s, cases[i].ecosystem, "enterprise_linux:9", package, "1").bug_count,
                                 0);
        }
        /* Not bought and over: clean means nothing. */
        fill_release(s, "SUSE:Linux Enterprise Server 15 SP5");
        struct match m = match(s, "SUSE", "Linux Enterprise Server 15 SP5", "nothing", "1");
        assert_int_equal(m.outcome, MATCH_NOT_EVALUATED);
        write_streams_and_open(s, "SUSE:Linux Enterprise Server 15 SP5-LTSS");
        m = match(s, "SUSE", "Linux Enterprise Server 15 SP5", "nothing", "1");
        assert_int_equal(m.outcome, MATCH_EVALUATED);
        /* Red Hat's minor numbers since 10 are one after the other. */
        import(s, RECORD("RHSA-2026:1", ",\"upstream\":[\"CVE-2031-2001\"]",
                         "{" PACKAGE("Red Hat:enterprise_linux:10.1", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"2-9.el10_1\"}") "}"));
        m = match(s, "Red Hat", "enterprise_linux:10", "web", "2-3.el10_1");
        assert_string_equal(ids(s, &m), "CVE-2031-2001");
}

/* A running watch asks whether anything has changed. */
static void test_stamp(void **state)
{
        struct scene *s = *state;
        uint64_t none = advisory_stamp("/nosuchfolder"), before = advisory_stamp(s->dir);
        assert_true(none != before);
        assert_true(before == advisory_stamp(s->dir));
        write_streams(s, "Ubuntu:Pro\n");
        uint64_t with = advisory_stamp(s->dir);
        assert_true(with != before);
        write_streams(s, "Red Hat:rhel_eus:9.2\n");
        assert_true(advisory_stamp(s->dir) != with);
}

static void test_broken_streams(void **state)
{
        static const char *const broken[] = {
                "Red Hat:rhel_eus",
                "Red Hat:rhel_:9.2",
                "Red Hat:rhel_eus:9",
                "Red Hat:rhel_eus:9.",
                "Red Hat:rhel_eus:.2",
                "rhel_eus:9.2",
                "Red Hat:rhel_eus:9.2x",
                "Ubuntu:Pro:22.04",
                "Red Hat:enterprise:9",
                "Debian:12",
                "SUSE:",
                "SUSE:Linux",
                "SUSE:Linux X\t1",
                "Red Hat:rhel_els:",
                "Red Hat:rhel_els:7.",
                "Red Hat:rhel_E4S:8.8",
        };
        struct scene *s = *state;
        s->db = advisory_close(s->db);
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                struct error error = {};
                write_streams(s, arena_printf(&s->memory, "Ubuntu:Pro\n%s\n", broken[i]));
                assert_int_equal(advisory_open(s->dir, ADVISORY_READ, &s->db, &error), -EINVAL);
                assert_non_null(strstr(error.text, "line 2"));
                assert_null(s->db);
        }
}

static void test_bought_by_file(void **state)
{
        struct scene *s = *state;
        import(s, RECORD("UBUNTU-CVE-2023-7007", ",\"upstream\":[\"CVE-2023-7007\"]",
                         "{" PACKAGE("Ubuntu:Pro:22.04:LTS", "old") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"1.0-1ubuntu1+esm1\"}") "}"));
        s->db = advisory_close(s->db);
        write_streams(s, "Ubuntu:Pro");
        assert_int_equal(advisory_open(s->dir, ADVISORY_READ, &s->db, NULL), 0);
        struct match m = match(s, "Ubuntu", "22.04:LTS", "old", "1.0-1ubuntu1");
        assert_int_equal(m.bugs[0].fix_state, FIX_FIXED);
        assert_string_equal(m.bugs[0].fixed_version, "1.0-1ubuntu1+esm1");
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
                cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
                cmocka_unit_test_setup_teardown(test_limit_and_empty_and_withdrawn, setup, teardown),
                cmocka_unit_test_setup_teardown(test_aliases_are_one_bug, setup, teardown),
                cmocka_unit_test_setup_teardown(test_several_cves_join_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bulletins_expand, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_data_is_not_clean, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unchanged_and_newest, setup, teardown),
                cmocka_unit_test_setup_teardown(test_kev_and_malware, setup, teardown),
                cmocka_unit_test_setup_teardown(test_kinds_of_symbols_survive_an_import, setup, teardown),
                cmocka_unit_test_setup_teardown(test_own_symbols_are_those_of_the_package, setup, teardown),
                cmocka_unit_test_setup_teardown(test_real_records, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bought_support, setup, teardown),
                cmocka_unit_test_setup_teardown(test_red_hat_streams, setup, teardown),
                cmocka_unit_test_setup_teardown(test_named_streams, setup, teardown),
                cmocka_unit_test_setup_teardown(test_other_named_streams, setup, teardown),
                cmocka_unit_test_setup_teardown(test_stamp, setup, teardown),
                cmocka_unit_test_setup_teardown(test_broken_streams, setup, teardown),
                cmocka_unit_test_setup_teardown(test_bought_by_file, setup, teardown),
                cmocka_unit_test_setup_teardown(test_end_of_life, setup, teardown),
                cmocka_unit_test_setup_teardown(test_registry_suffix, setup, teardown),
                cmocka_unit_test_setup_teardown(test_crafted_records, setup, teardown),
                cmocka_unit_test_setup_teardown(test_starter_is_there, setup, teardown),
        };
        return cmocka_run_group_tests(tests, setup_prototype, teardown_prototype);
}
