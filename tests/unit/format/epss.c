/* SPDX-License-Identifier: Apache-2.0 */
#include "format/epss.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int line(struct epss_reader *r, const char *text, struct epss_score *s)
{
        struct error error = {};
        int code = epss_line(r, span_of(text), s, &error);
        assert_true(code >= 0 || error.text[0]);
        return code;
}

static void test_file(void **state)
{
        struct epss_reader r = {};
        struct epss_score s = {};
        (void)state;
        assert_int_equal(line(&r, "#model_version:v2023.03.01,score_date:2025-02-20T00:00:00+0000\n", &s), 0);
        assert_int_equal(r.date, 1740009600);
        assert_int_equal(line(&r, "cve,epss,percentile\r\n", &s), 0);
        assert_int_equal(line(&r, "CVE-1999-0005,0.91963,0.99214\n", &s), 1);
        assert_string_equal(s.cve, "CVE-1999-0005");
        assert_true(s.score == 0.91963 && s.percentile == 0.99214);
        assert_int_equal(line(&r, "CVE-1999-0006,1e-05,1\n", &s), 1);
        assert_int_equal(line(&r, "\n", &s), 0);
        assert_int_equal(line(&r, "CVE-1999-0006,1.5,1\n", &s), -EBADMSG);
        assert_int_equal(line(&r, "CVE-1999-0006,nan,1\n", &s), -EBADMSG);
        assert_int_equal(line(&r, "CVE-1999-0006,0.5\n", &s), -EBADMSG);
        assert_int_equal(line(&r, "GHSA-1,0.5,0.5\n", &s), -EBADMSG);
        assert_string_equal(s.cve, "CVE-1999-0006");
}

static void test_needs_its_header(void **state)
{
        struct epss_reader r = {};
        struct epss_score s = {};
        (void)state;
        assert_int_equal(line(&r, "CVE-1999-0005,0.91963,0.99214\n", &s), -EBADMSG);
        assert_true(epss_recognise(SPAN("#model_version:v1")));
        assert_false(epss_recognise(SPAN("{\"id\"")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_needs_its_header),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
