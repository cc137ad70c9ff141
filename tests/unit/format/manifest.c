/* SPDX-License-Identifier: Apache-2.0 */
#include "format/manifest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef int (*parser)(struct span, struct arena *, struct manifest *);

static void check(parser parse, const char *text, const char *name, const char *version)
{
        static struct arena a = ARENA_INIT(1 << 20);
        struct manifest m = {};
        int r = parse(span_of(text), &a, &m);
        if (!name) {
                assert_int_equal(r, -ENOENT);
                return;
        }
        assert_int_equal(r, 0);
        assert_string_equal(m.name, name);
        assert_string_equal(m.version, version);
}

static void test_all(void **state _unused_)
{
        check(manifest_erlang, "{application,cowboy,\n [{description,\"Small \"},\n  {vsn,\"2.9.0\"}]}.",
              "cowboy", "2.9.0");
        check(manifest_erlang, "{application, 'x-y', [{vsn, git}]}.", NULL, NULL);
        check(manifest_perl, "{\"name\":\"JSON\",\"version\":\"4.10\"}", "JSON", "4.10");
        check(manifest_perl, "{\"name\":\"JSON\"}", NULL, NULL);
        check(manifest_r, "Package: jsonlite\nTitle: x\nVersion: 1.8.4\n", "jsonlite", "1.8.4");
        check(manifest_r, "Version: 1.0\nPackage: a\n", "a", "1.0");
        check(manifest_lua, "package = \"lua-cjson\"\nversion = \"2.1.0-1\"\nsource = { url = \"x\" }\n",
              "lua-cjson", "2.1.0-1");
        check(manifest_lua, "version = v\n", NULL, NULL);
        check(manifest_wordpress, "<?php\n/*\n * Plugin Name: Hello Dolly\n * Version: 1.7.2\n */",
              "Hello Dolly", "1.7.2");
        check(manifest_wordpress, "<?php\n// Version: 1\n", NULL, NULL);
        check(manifest_wordpress_core, "<?php\n/* @global string $wp_version */\n$wp_version = '6.1.1';\n",
              "wordpress", "6.1.1");
        check(manifest_wordpress_core, "<?php\n$wp_version;\n", NULL, NULL);
}

static void test_conan(void **state _unused_)
{
        static struct arena a = ARENA_INIT(1 << 20);
        struct manifest m;
        struct span rest =
                SPAN("[settings]\n    os=Linux\n\n[requires]\n    zlib/1.Y.Z\n\n[full_requires]\n"
                     "    openssl/1.1.1w@acme/stable:4024617540\n    zlib/1.2.13:4024617540\n    /\n"
                     "\n[full_options]\n    zlib:shared=a/b\n");
        assert_int_equal(manifest_conan_next(&rest, &a, &m), 0);
        assert_string_equal(m.name, "openssl");
        assert_string_equal(m.version, "1.1.1w");
        assert_int_equal(manifest_conan_next(&rest, &a, &m), 0);
        assert_string_equal(m.name, "zlib");
        assert_string_equal(m.version, "1.2.13");
        assert_int_equal(manifest_conan_next(&rest, &a, &m), -ENOENT);
        assert_int_equal(manifest_conan_next(&rest, &a, &m), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_conan),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
