/* SPDX-License-Identifier: Apache-2.0 */
#include "format/ubuntu_pro.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { NOW = 1700000000 }; /* wall s: 2023-11-14 */

static int ask(const char *json)
{
        bool attached;
        int r = ubuntu_pro_status(span_of(json), NOW, &attached);
        return r < 0 ? r : attached;
}

static void test_status(void **state)
{
#define SERVICES                                                                                \
        "\"services\":[{\"name\":\"esm-apps\",\"status\":\"enabled\"},{\"name\":\"esm-infra\"," \
        "\"status\":\"enabled\"}]}"
        (void)state;
        assert_int_equal(ask("{\"attached\":true,\"expires\":\"9999-12-31T00:00:00+00:00\"," SERVICES), 1);
        assert_int_equal(ask("{\"attached\":true," SERVICES), 1);
        assert_int_equal(ask("{\"attached\":true,\"expires\":\"2023-01-01T00:00:00+00:00\"," SERVICES), 0);
        assert_int_equal(ask("{\"attached\":false," SERVICES), 0);
        assert_int_equal(
                ask("{\"attached\":true,\"services\":[{\"name\":\"esm-apps\",\"status\":\"enabled\"},"
                    "{\"name\":\"esm-infra\",\"status\":\"disabled\"}]}"),
                0);
        assert_int_equal(ask("{\"attached\":true,\"services\":{}}"), 0);
        static const char *const broken[] = {"", "[]", "{", "{}", "{\"attached\":\"yes\"}"};
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
                assert_int_equal(ask(broken[i]), -EBADMSG);
}

static void test_login(void **state)
{
        (void)state;
        assert_true(ubuntu_pro_login(SPAN("machine esm.ubuntu.com/apps/ubuntu/ login bearer password x  # a\n"
                                          "machine esm.ubuntu.com/infra/ubuntu/ login bearer password y\n")));
        assert_true(ubuntu_pro_login(SPAN("machine https://esm.ubuntu.com/infra/ubuntu/ login b password y\n"
                                          "machine esm.ubuntu.com/apps/ubuntu/ login b password x")));
        assert_false(ubuntu_pro_login(SPAN("machine esm.ubuntu.com/apps/ubuntu/ login bearer password x\n")));
        assert_false(
                ubuntu_pro_login(SPAN("# machine esm.ubuntu.com/apps/\n# machine esm.ubuntu.com/infra/")));
        assert_false(ubuntu_pro_login((struct span){}));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_status), cmocka_unit_test(test_login)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
