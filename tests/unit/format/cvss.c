/* SPDX-License-Identifier: Apache-2.0 */
#include "format/cvss.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

/* Scores as in the specifications' examples and FIRST's calculators. */
static void test_scores(void **state)
{
        static const struct {
                const char *vector, *rating;
                double score;
        } cases[] = {
                {"AV:N/AC:L/Au:N/C:N/I:N/A:C", "high", 7.8},
                {"AV:N/AC:L/Au:N/C:C/I:C/A:C", "high", 10.0},
                {"(AV:L/AC:H/Au:N/C:C/I:C/A:C)", "medium", 6.2},
                {"AV:L/AC:H/Au:M/C:N/I:N/A:N", "low", 0.0},
                {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "critical", 10.0},
                {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "critical", 9.8},
                {"CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "medium", 6.1},
                {"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/E:U", "high", 7.8},
                {"CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N", "none", 0.0},
                {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", "critical", 10.0},
                {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "critical", 9.3},
                {"CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "high", 7.3},
                {"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", "none", 0.0},
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct cvss c;
                assert_int_equal(cvss_parse(cases[i].vector, &c), 0);
                if (c.score != cases[i].score)
                        fail_msg("%s: %g, not %g", cases[i].vector, c.score, cases[i].score);
                assert_string_equal(cvss_rating(&c), cases[i].rating);
        }
}

static void test_refused(void **state)
{
        static const char *const vectors[] = {
                "",
                "7.5",
                "CVSS:3.1/",
                "CVSS:5.0/AV:N",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H",          /* A is missing */
                "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", /* one twice */
                "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",      /* no value of AV */
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/",     /* ends in a slash */
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H/ZZ:H",
                "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", /* metrics of version 3 */
                "AV:N/AC:L/Au:N/C:N/I:N",
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                struct cvss c = {.version = 77};
                if (cvss_parse(vectors[i], &c) != -EINVAL || c.version != 77)
                        fail_msg("'%s' was read", vectors[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scores),
                cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
