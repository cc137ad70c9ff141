/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/file.h"
#include "verdict/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* docs/decision.md is read as a user reads it, and decision_make must agree with every cell of its table
 * and with the steps that it describes below, for every possible input. */

static const char *const exploitation[] = {"none", "likely", "active"};
static const char *const reach[] = {"closed", "open", "automatable"};

struct document {
        int cells[3][3][3]; /* exploitation, reach, impact */
        bool seen[3][3];
};

static int find(const char *const *names, struct span name)
{
        for (int i = 0; i < 3; i++)
                if (span_equal(name, names[i]))
                        return i;
        return -1;
}

static void read_row(struct span line, struct document *d)
{
        struct span cells[6], piece;
        size_t count = 0;
        span_cut(&line, '|', &piece);
        while (count < 6 && span_cut(&line, '|', &piece))
                cells[count++] = span_trim(piece);
        if (count < 5)
                return;
        int e = find(exploitation, cells[0]), r = find(reach, cells[1]);
        if (e < 0 || r < 0)
                return;
        assert_false(d->seen[e][r]);
        d->seen[e][r] = true;
        for (int i = 0; i < 3; i++) {
                char name[16];
                enum decision decision;
                snprintf(name, sizeof(name), "%.*s", (int)cells[2 + i].size, cells[2 + i].data);
                assert_int_equal(decision_parse(name, &decision), 0);
                d->cells[e][r][i] = (int)decision;
        }
}

static void read_document(struct document *d)
{
        char path[512];
        _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
        assert_non_null(getenv("USEWEAR_SOURCE"));
        snprintf(path, sizeof(path), "%s/docs/decision.md", getenv("USEWEAR_SOURCE"));
        assert_int_equal(file_read_at(AT_FDCWD, path, &text), 0);
        struct span rest = {text.data, text.size}, line;
        while (rest.size && (span_cut(&rest, '\n', &line) || rest.size))
                if (line.size && line.data[0] == '|')
                        read_row(line, d);
        for (int e = 0; e < 3; e++)
                for (int r = 0; r < 3; r++)
                        assert_true(d->seen[e][r]);
}

static int clamp(int value, int low)
{
        return value < low ? low : value > DECISION_ACT ? DECISION_ACT : value;
}

static void the_document_says_what_the_program_does(void **state _unused_)
{
        struct document d = {};
        size_t checked = 0;
        read_document(&d);
        for (unsigned bits = 0; bits < 32; bits++)
                for (int level = 0; level < _LEVEL_MAX; level++)
                        for (int impact = 0; impact < 3; impact++)
                                for (int mission = 0; mission < 3; mission++) {
                                        struct decision_input in = {
                                                .exploited = bits & 1,
                                                .likely = bits & 2,
                                                .level = (enum level)level,
                                                .exposed = bits & 4,
                                                .automatable = bits & 8,
                                                .impact = impact,
                                                .mission = (enum mission)mission,
                                                .malware = bits & 16,
                                        };
                                        int e = in.exploited ? 2 : in.likely ? 1 : 0;
                                        int r = !in.exposed ? 0 : in.automatable ? 2 : 1;
                                        int expected = d.cells[e][r][impact] + mission - MISSION_MEDIUM -
                                                       (LEVEL_REACHED - level);
                                        expected = clamp(expected, e == 2 ? DECISION_TRACK_STAR : 0);
                                        if (in.malware)
                                                expected = level ? DECISION_ACT : DECISION_ATTEND;
                                        assert_int_equal(decision_make(&in), expected);
                                        checked++;
                                }
        assert_int_equal(checked, 32 * 4 * 3 * 3);
}

/* More use, exposure, exploitation, impact or mission never calms a finding. */
static void worse_is_never_less(void **state _unused_)
{
        for (unsigned n = 0; n < 32 * 36; n++) {
                struct decision_input in = {
                        .exploited = n & 1,
                        .likely = n & 2,
                        .exposed = n & 4,
                        .automatable = n & 8,
                        .malware = n & 16,
                        .level = (enum level)(n / 32 % 4),
                        .impact = (int)(n / 128 % 3),
                        .mission = (enum mission)(n / 384),
                };
                struct decision_input worse[8] = {in, in, in, in, in, in, in, in};
                worse[0].exploited = worse[1].likely = worse[2].exposed = worse[3].automatable = true;
                worse[4].level += in.level < LEVEL_REACHED;
                worse[5].impact += in.impact < IMPACT_HIGH;
                worse[6].mission += in.mission < MISSION_HIGH;
                worse[7].malware = true;
                for (size_t i = 0; i < ARRAY_SIZE(worse); i++)
                        assert_true(decision_make(&worse[i]) >= decision_make(&in));
        }
}

static void what_vectors_say(void **state _unused_)
{
        static const struct {
                const char *vector, *rating;
                bool remote, automatable, known;
                int impact;
        } cases[] = {
                {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical", true, true, true, IMPACT_HIGH},
                {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "high", true, true, true, IMPACT_MEDIUM},
                {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", "medium", true, true, true, IMPACT_LOW},
                {"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:N", "high", true, false, true, IMPACT_HIGH},
                {"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:L", "medium", true, false, true, IMPACT_MEDIUM},
                {"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "high", false, false, true, IMPACT_HIGH},
                {"CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "low", false, false, true, IMPACT_MEDIUM},
                {"CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N", "high", true, false, true, IMPACT_HIGH},
                {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:N/SC:N/SI:N/SA:N", NULL, true, true, true,
                 IMPACT_HIGH},
                {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:A/VC:L/VI:N/VA:N/SC:H/SI:H/SA:H", NULL, true, false, true,
                 IMPACT_LOW},
                {"AV:N/AC:L/Au:N/C:C/I:C/A:C", NULL, true, true, true, IMPACT_HIGH},
                {"AV:N/AC:L/Au:S/C:P/I:P/A:P", NULL, true, false, true, IMPACT_MEDIUM},
                {NULL, "critical", true, true, false, IMPACT_HIGH},
                {NULL, "medium", true, true, false, IMPACT_MEDIUM},
                {NULL, "low", true, true, false, IMPACT_LOW},
                {NULL, NULL, true, true, false, IMPACT_MEDIUM},
                {"", "high", true, true, false, IMPACT_HIGH},
                {"nonsense", "low", true, true, false, IMPACT_LOW},
                {"AV:", "low", true, true, false, IMPACT_LOW},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct severity s = {.rating = cases[i].rating, .vector = cases[i].vector};
                struct decision_bug b = decision_judge(&s);
                if (b.remote != cases[i].remote || b.automatable != cases[i].automatable ||
                    b.impact != cases[i].impact || b.known != cases[i].known)
                        fail_msg("%s: remote %d automatable %d impact %d known %d",
                                 cases[i].vector ? cases[i].vector : "-", b.remote, b.automatable, b.impact,
                                 b.known);
        }
}

static void names_read_back(void **state _unused_)
{
        for (int i = 0; i < _LEVEL_MAX; i++) {
                enum level level;
                assert_int_equal(level_parse(level_name((enum level)i), &level), 0);
                assert_int_equal(level, i);
        }
        for (int i = 0; i < _DECISION_MAX; i++) {
                enum decision decision;
                assert_int_equal(decision_parse(decision_name((enum decision)i), &decision), 0);
                assert_int_equal(decision, i);
        }
        enum level level = LEVEL_REACHED;
        assert_int_equal(level_parse("Loaded", &level), -EINVAL);
        assert_int_equal(level_parse(NULL, &level), -EINVAL);
        assert_int_equal(level, LEVEL_REACHED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_document_says_what_the_program_does),
                cmocka_unit_test(worse_is_never_less),
                cmocka_unit_test(what_vectors_say),
                cmocka_unit_test(names_read_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
