/* SPDX-License-Identifier: Apache-2.0 */
#include "format/json_tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_bounds(void **state _unused_)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        assert_int_equal(json_tree_load(SPAN("[1,2,3,4]"), 3, &tree), -EFBIG);
        assert_int_equal(json_tree_load(SPAN("{"), 10, &tree), -EBADMSG);
        assert_int_equal(json_tree_load(SPAN(""), 10, &tree), -EBADMSG);
        assert_null(tree);
        assert_int_equal(json_tree_load(SPAN("\xef\xbb\xbf{\"a\":\"b\"}"), 10, &tree), 0);
        assert_string_equal(json_tree_text(tree, "a"), "b");
}

static void test_text(void **state _unused_)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        assert_int_equal(
                json_tree_load(SPAN("{\"a\":\"x\\ny\",\"b\":1,\"c\":\"\",\"d\":\"ok\"}"), 100, &tree), 0);
        assert_null(json_tree_text(tree, "a"));
        assert_null(json_tree_text(tree, "b"));
        assert_null(json_tree_text(tree, "c"));
        assert_null(json_tree_text(tree, "e"));
        assert_string_equal(json_tree_text(tree, "d"), "ok");
        assert_null(json_tree_text(NULL, "d"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_text),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
