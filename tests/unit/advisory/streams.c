/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <errno.h>

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
        /* While it is open, what is imported stays in its log. */
        with = advisory_stamp(s->dir);
        import(s, RECORD("RHSA-2026:1", ",\"upstream\":[\"CVE-2031-2001\"]",
                         "{" PACKAGE("Red Hat:enterprise_linux:10.1", "web") "," RANGE(
                                 "{\"introduced\":\"0\"},{\"fixed\":\"2-9.el10_1\"}") "}"));
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_bought_support),      T(test_red_hat_streams), T(test_named_streams),
                T(test_other_named_streams), T(test_stamp),           T(test_broken_streams),
                T(test_bought_by_file),
        };
        return cmocka_run_group_tests(tests, setup_prototype, teardown_prototype);
}
