/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "report/text.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* clang-format off */
static const char golden[] =
        "web01 · Debian GNU/Linux 12 · kernel 6.1.0-50 · looked 1.2 s at 1,214 processes in 31 workloads\n"
        "\n"
        "Not evaluated: 1,402 packages of Debian:12, no advisories of Debian:12 here → usewear db import\n"
        "               Debian/all.zip\n"
        "\n"
        "                   installed   running   loaded   executed   reached   unknown\n"
        "packages               3,212     1,204      388        171         0        42\n"
        "vulnerabilities        1,870        96       21          9         3        14\n"
        "                                 1,835 of 1,870 can wait: not seen loaded here\n"
        "1,808 packages clean: no known vulnerability fits their version\n"
        "\n"
        "      VULNERABILITY  PACKAGE           WORKLOAD       USED     NET FIX       WHY\n"
        "Act   CVE-2021-44228 log4j-core 2.14.1 search.service loaded   yes 2.15.0    loaded and open to the…\n"
        "Track CVE-2020-28493 jinja2 2.11.2     –              not seen no  won't fix not seen loaded\n"
        "Why one ranks where it does: usewear explain CVE-2021-44228\n"
        "\n"
        "Limits: 3 processes could not be read: no CAP_SYS_PTRACE\n"
        "Advisories: starter set, 17,204 records, newest 2026-08-21 (95 d old)\n";
/* clang-format on */

static void draw(const struct sample *s, unsigned width, struct buf *to)
{
        struct table_style style = {.width = width, .rows = 10};
        report_table(&s->report, &style, to);
        assert_int_equal(to->error, 0);
}

static size_t widest(const struct buf *text)
{
        size_t most = 0;
        char copy[8192];
        struct span rest = {text->data, text->size}, line;
        while (rest.size && (span_cut(&rest, '\n', &line) || rest.size)) {
                snprintf(copy, sizeof(copy), "%.*s", (int)line.size, line.data);
                most = MAX(most, text_columns(copy));
        }
        return most;
}

static void it_looks_like_this(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        draw(&s, 100, &b);
        assert_string_equal(b.data, golden);
}

/* One ecosystem that was fetched today does not make the others fresh. */
static void age_of_the_oldest_is_told(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        struct advisory_source sources[] = {
                {"PyPI", 10, SAMPLE_NOW - 86400, SAMPLE_NOW, "starter"},
                {"Go", 20, SAMPLE_NOW - 700 * 86400LL, SAMPLE_NOW, "starter"},
        };
        s.advisories.items = sources;
        s.advisories.count = ARRAY_SIZE(sources);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        draw(&s, 100, &b);
        assert_non_null(strstr(b.data, ", of Go 2024-12-"));
        assert_non_null(strstr(b.data, "(700 d old)"));
}

static void lines_fit(void **state _unused_)
{
        static const unsigned widths[] = {80, 100, 160};
        for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
                struct sample s;
                sample_fill(&s);
                _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
                draw(&s, widths[i], &b);
                if (widest(&b) > widths[i])
                        fail_msg("%u: %s", widths[i], b.data);
                assert_non_null(strstr(b.data, "CVE-2021-44228")); /* ids are never cut */
        }
}

/* A long name gives way, its version does not, on a terminal of any width. */
static void versions_are_not_cut(void **state _unused_)
{
        static const unsigned widths[] = {80, 100, 160, 200};
        static const struct {
                const char *name, *version;
        } packages[] = {
                {"org.apache.tomcat.embed:tomcat-embed-core-with-a-name-beyond-all-columns", "9.0.30"},
                {"linux-image-6.1.0-50-cloud-amd64-unsigned", "6.1.170-1~bpo11+deb11u1"},
                {"パッケージの名前はとても長いです", "1.2.3-日本語"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
                for (size_t k = 0; k < ARRAY_SIZE(packages); k++) {
                        struct sample s;
                        sample_fill(&s);
                        s.packages[0].name = packages[k].name;
                        s.packages[0].version = packages[k].version;
                        s.workload.id = "systemd:a-service-with-quite-a-long-name@instance-17.service";
                        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
                        draw(&s, widths[i], &b);
                        if (widest(&b) > widths[i] || !strstr(b.data, packages[k].version))
                                fail_msg("%u: %s", widths[i], b.data);
                        assert_non_null(strstr(b.data, "CVE-2021-44228"));
                }
}

static void hostile_names_do_no_harm(void **state _unused_)
{
        static char longest[5001];
        memset(longest, 'w', sizeof(longest) - 1);
        const char *const names[] = {"\033]0;title\007\033[2J",
                                     "a\nb\r\n\tc",
                                     "\xff\xfe\xc3",
                                     "\xc2\x9b"
                                     "31m",
                                     "\xe2\x80\xae"
                                     "gpj.exe",
                                     "%s%n%s",
                                     "",
                                     longest};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct sample s;
                sample_fill(&s);
                _cleanup_buf_ struct buf plain = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
                sample_poison(&s, names[i]);
                draw(&s, 100, &b);
                assert_true(sample_is_harmless(&b));
                assert_non_null(strstr(b.data, "CVE-2020-28493"));
        }
}

static void nothing_and_everything_suppressed(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        _cleanup_buf_ struct buf suppressed = BUF_INIT(1 << 20), nothing = BUF_INIT(1 << 20);
        s.findings[0].suppressed = s.findings[1].suppressed = "accepted";
        draw(&s, 100, &suppressed);
        assert_non_null(strstr(suppressed.data, "2 suppressed by ignore rules."));
        assert_null(strstr(suppressed.data, "CVE-"));
        assert_null(strstr(suppressed.data, "No known vulnerability"));
        s.verdict = (struct verdict){};
        s.advisories.count = 0;
        draw(&s, 100, &nothing);
        assert_non_null(strstr(nothing.data, "No known vulnerability in the packages that were evaluated."));
        assert_non_null(strstr(nothing.data, "Advisories: none"));
        assert_null(strstr(nothing.data, "can wait"));
}

static void unknown_is_marked(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        s.findings[0].decision_unknown = true;
        s.findings[0].level = LEVEL_PRESENT;
        s.findings[0].loaded = (struct answer){.reason = "no JVM engine yet"};
        s.findings[0].exposed = (struct answer){.reason = "sockets could not be read"};
        draw(&s, 160, &b);
        assert_non_null(strstr(b.data, "Act?  CVE-2021-44228"));
        assert_non_null(strstr(b.data, "unknown  ?   2.15.0"));
}

static void few_rows_name_the_rest(void **state _unused_)
{
        struct sample s;
        sample_fill(&s);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        report_table(&s.report, &(struct table_style){.width = 100, .rows = 1}, &b);
        assert_non_null(strstr(b.data, "… 1 more: usewear report --all"));
        assert_null(strstr(b.data, "CVE-2020-28493"));
}

/* What is installed may have been read long before the last look: that is said. */
static void test_the_age_of_an_old_inventory(void **state)
{
        (void)state;
        struct sample s;
        sample_fill(&s);
        s.report.look_seconds = -1;
        s.report.now += 10;
        const int64_t ages[] = {1800, 30};
        for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
                struct buf text = BUF_INIT(1 << 16);
                s.report.inventory_time = s.report.time - ages[i];
                draw(&s, 200, &text);
                buf_add_char(&text, 0);
                assert_non_null(strstr(text.data, i ? "last look 10 s ago: 1,214"
                                                    : "last look 10 s ago, packages read 30 min ago: 1,214"));
                buf_done(&text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_looks_like_this),
                cmocka_unit_test(age_of_the_oldest_is_told),
                cmocka_unit_test(lines_fit),
                cmocka_unit_test(versions_are_not_cut),
                cmocka_unit_test(hostile_names_do_no_harm),
                cmocka_unit_test(nothing_and_everything_suppressed),
                cmocka_unit_test(unknown_is_marked),
                cmocka_unit_test(few_rows_name_the_rest),
                cmocka_unit_test(test_the_age_of_an_old_inventory),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
