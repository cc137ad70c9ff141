/* SPDX-License-Identifier: Apache-2.0 */
#include "format/asar.h"

#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static void put(char *at, uint32_t value)
{
        for (int i = 0; i < 4; i++)
                at[i] = (char)(value >> 8 * i);
}

static void the_head_is_checked(void **state _unused_)
{
        static const uint32_t bad[][4] = {
                {0}, {5, 28, 24, 20}, {4, 4, 24, 20}, {4, 28, 25, 20}, {4, 28, 24, 21}};
        char head[ASAR_HEAD];
        uint64_t size = 0, base = 0;
        put(head, 4);
        put(head + 4, 28);
        put(head + 8, 24);
        put(head + 12, 20);
        assert_int_equal(asar_head((struct span){head, sizeof(head)}, &size, &base), 0);
        assert_int_equal(size, 20);
        assert_int_equal(base, 36);
        assert_int_equal(asar_head((struct span){head, sizeof(head) - 1}, &size, &base), -EBADMSG);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                for (int k = 0; k < 4; k++)
                        put(head + 4 * k, bad[i][k]);
                assert_int_equal(asar_head((struct span){head, sizeof(head)}, &size, &base), -EBADMSG);
        }
}

static void files_are_found_where_they_lie(void **state _unused_)
{
        static const char tree[] =
                "{\"files\":{\"package.json\":{\"size\":10,\"offset\":\"0\"},\"node_modules\":{\"files\":{"
                "\"a\":{\"files\":{"
                "\"package.json\":{\"size\":5,\"offset\":\"10\"},\"index.js\":{\"size\":1,\"offset\":\"0\"}}}"
                ","
                "\"b\":{\"files\":{\"package.json\":{\"size\":5,\"unpacked\":true}}},"
                "\"c\":{\"files\":{\"package.json\":{\"size\":5,\"offset\":\"16\"}}},"
                "\"d\":{\"files\":{\"package.json\":{\"size\":5,\"offset\":\"18446744073709551615\"}}},"
                "\"..\":{\"files\":{\"package.json\":{\"size\":5,\"offset\":\"10\"}}}}}}}";
        asar_list list = {};
        assert_int_equal(asar_find(SPAN(tree), 100, 120, "package.json", &arena, &list), 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.items[0].path, "/package.json");
        assert_string_equal(list.items[1].path, "/node_modules/a/package.json");
        assert_int_equal(list.items[1].offset, 110);
        assert_int_equal(list.items[1].size, 5);
        assert_int_equal(asar_find(SPAN("{"), 0, 0, "package.json", &arena, &list), -EBADMSG);
        assert_int_equal(asar_find(SPAN("[1]"), 0, 0, "package.json", &arena, &list), 0);
        vec_done(&list);
}

static void folders_end_somewhere(void **state _unused_)
{
        _cleanup_buf_ struct buf text = BUF_INIT(1 << 16);
        asar_list list = {};
        for (int i = 0; i < 100; i++)
                buf_add_str(&text, "{\"files\":{\"x\":");
        buf_add_str(&text, "{\"files\":{\"package.json\":{\"size\":0,\"offset\":\"0\"}}}");
        for (int i = 0; i < 100; i++)
                buf_add_str(&text, "}}");
        assert_int_equal(asar_find((struct span){text.data, text.size}, 0, 10, "package.json", &arena, &list),
                         0);
        assert_int_equal(list.count, 0);
        vec_done(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_head_is_checked),
                cmocka_unit_test(files_are_found_where_they_lie),
                cmocka_unit_test(folders_end_somewhere),
        };
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        arena_done(&arena);
        return r;
}
