/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void the_sentence_is_kept_and_the_number_returned(void **state _unused_)
{
        struct error error = {};
        assert_int_equal(error_set(&error, -ENOENT, "%s is missing", "file"), -ENOENT);
        assert_string_equal(error.text, "file is missing");
        assert_int_equal(error_set(NULL, -EIO, "nobody listens to %s", "this"), -EIO);
        assert_int_equal(error_set(&error, 1, "%2000s", "x"), 1);
        assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_sentence_is_kept_and_the_number_returned),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
