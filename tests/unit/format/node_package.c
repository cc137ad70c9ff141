/* SPDX-License-Identifier: Apache-2.0 */
#include "format/node_package.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int parse(const char *json, struct node_package *ret)
{
        static struct arena a = ARENA_INIT(1 << 20);
        return node_package_parse(span_of(json), &a, ret);
}

static void test_names(void **state _unused_)
{
        struct node_package p;
        assert_int_equal(parse("{\"name\":\"lodash\",\"version\":\"4.17.21\"}", &p), 0);
        assert_string_equal(p.name, "lodash");
        assert_string_equal(p.version, "4.17.21");
        assert_false(p.is_private);
        assert_int_equal(parse("{\"name\":\"@babel/core\",\"version\":\"v7.0.0-rc.1\",\"private\":true}", &p),
                         0);
        assert_string_equal(p.name, "@babel/core");
        assert_string_equal(p.version, "7.0.0-rc.1");
        assert_true(p.is_private);
}

static void test_no_packages(void **state _unused_)
{
        struct node_package p;
        assert_int_equal(parse("{\"type\":\"module\"}", &p), -ENOENT);
        assert_int_equal(parse("{\"name\":\"a b\",\"version\":\"1.0.0\"}", &p), -ENOENT);
        assert_int_equal(parse("{\"name\":\"@a\",\"version\":\"1.0.0\"}", &p), -ENOENT);
        assert_int_equal(parse("{\"name\":\"a/b\",\"version\":\"1.0.0\"}", &p), -ENOENT);
        assert_int_equal(parse("{\"name\":\"a\",\"version\":\"<%= version %>\"}", &p), -ENOENT);
        assert_int_equal(parse("[\"name\"]", &p), -ENOENT);
        assert_int_equal(parse("{\"name\":", &p), -EBADMSG);
}

static void test_places(void **state _unused_)
{
        assert_true(node_package_installed("/app/node_modules/a/package.json"));
        assert_true(node_package_installed("/app/node_modules/test/package.json"));
        assert_true(node_package_installed("/app/node_modules/@test/test/package.json"));
        assert_true(node_package_installed("/srv/test/package.json"));
        assert_true(node_package_installed("/app/node_modules/next/dist/compiled/ws/package.json"));
        assert_true(node_package_installed("/a/node_modules/.pnpm/b@1.0.0/node_modules/b/package.json"));
        assert_false(
                node_package_installed("/app/node_modules/resolve/test/resolver/multirepo/package.json"));
        assert_false(node_package_installed("/app/node_modules/@a/b/fixtures/c/package.json"));
        /* npm lists no package that lies in another one's tests, not even where these are installed, too. */
        assert_false(node_package_installed("/app/node_modules/a/test/node_modules/b/package.json"));
        assert_true(node_package_installed("/app/node_modules/a/node_modules/b/package.json"));
        assert_true(node_package_installed("/srv/test/node_modules/b/package.json"));
        assert_false(node_package_installed("/v/site-packages/jupyterlab/tests/mock/package.json"));
        assert_true(node_package_installed("/v/site-packages/jupyterlab/staging/package.json"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_no_packages),
                cmocka_unit_test(test_places),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
