/* SPDX-License-Identifier: Apache-2.0 */
#include "format/module_paths.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static void assert_found(const char *text, const char *name, const char *version)
{
        module_path_list list = {};
        assert_int_equal(module_paths_find(span_of(text), &arena, &list), 0);
        assert_int_equal(list.count, name ? 1 : 0);
        if (name) {
                assert_string_equal(list.items[0].name, name);
                if (version)
                        assert_string_equal(list.items[0].version, version);
                else
                        assert_null(list.items[0].version);
        }
        vec_done(&list);
}

static void what_bundlers_leave(void **state _unused_)
{
        assert_found("/***/ \"./node_modules/lodash/map.js\":\n", "lodash", NULL);
        assert_found("  // node_modules/@babel/runtime/helpers/esm/extends.js\n", "@babel/runtime", NULL);
        assert_found("\n// node_modules/.pnpm/lodash@4.17.20/node_modules/lodash/map.js\n", "lodash",
                     "4.17.20");
        assert_found("\n// ../node_modules/.pnpm/@vue+shared@3.4.1_x/node_modules/@vue/shared/dist/a.mjs\n",
                     "@vue/shared", "3.4.1");
        assert_found("\"./node_modules/.pnpm/a@1.0.0(b@2.0.0)/node_modules/a/i.cjs\"", "a", "1.0.0");
        assert_found("// node_modules/a/node_modules/b/index.js\n", "b", NULL);
        assert_found("// node_modules/a/x.js\n// node_modules/a/y.js\n", "a", NULL);
}

static void what_only_looks_so(void **state _unused_)
{
        static const char *const texts[] = {
                "",
                "node_modules/",
                "exclude: /node_modules/,",
                "path.join('node_modules/', name)",
                "'node_modules/.bin/webpack'",
                "'**/node_modules/**/*.js'",
                "\"my_node_modules/a/b.js\"",
                "\"node_modules/a/b.js", /* not closed */
                "\"node_modules/a/README\"",
                "\"node_modules/@scope/x.js\"",
                "// node_modules/.pnpm/a/node_modules/\n",
        };
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_found(texts[i], NULL, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_bundlers_leave),
                cmocka_unit_test(what_only_looks_so),
        };
        int r = cmocka_run_group_tests(tests, NULL, NULL);
        arena_done(&arena);
        return r;
}
