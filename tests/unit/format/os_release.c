/* SPDX-License-Identifier: Apache-2.0 */
#include "format/os_release.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_values(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct os_release os;
        assert_int_equal(
                os_release_parse(SPAN("# a comment\nID=debian\nVERSION_ID=\"12\"\nNAME='Debian GNU/Linux'\n"
                                      "PRETTY_NAME=\"a \\\"b\\\" \\\\ c\"\nVERSION_CODENAME=bookworm"),
                                 &a, &os),
                0);
        assert_string_equal(os.id, "debian");
        assert_string_equal(os.version_id, "12");
        assert_string_equal(os.name, "Debian GNU/Linux");
        assert_string_equal(os.pretty_name, "a \"b\" \\ c");
        assert_string_equal(os.codename, "bookworm");
        assert_null(os.version);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
