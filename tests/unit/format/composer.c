/* SPDX-License-Identifier: Apache-2.0 */
#include "format/composer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static void test_json(void **state _unused_)
{
        composer_list list = {};
        const char *two =
                "{\"packages\":[{\"name\":\"Monolog/monolog\",\"version\":\"2.3.5\",\"install-path\":"
                "\"../monolog/monolog\"},{\"name\":\"bad\",\"version\":\"1\"}],\"dev\":true}";
        assert_int_equal(composer_json_parse(span_of(two), &arena, &list), 0);
        assert_int_equal(
                composer_json_parse(SPAN("[{\"name\":\"a/b\",\"version\":\"v1.0\"}]"), &arena, &list), 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.items[0].name, "monolog/monolog");
        assert_string_equal(list.items[0].path, "../monolog/monolog");
        assert_string_equal(list.items[1].version, "v1.0");
        assert_int_equal(composer_json_parse(SPAN("{}"), &arena, &list), -EBADMSG);
        vec_done(&list);
}

static const char php[] = "<?php return array(\n"
                          "    'root' => array(\n"
                          "        'name' => 'acme/app',\n"
                          "        'pretty_version' => 'dev-main',\n"
                          "        'aliases' => array(),\n"
                          "    ),\n"
                          "    'versions' => array(\n"
                          "        'acme/app' => array(\n"
                          "            'pretty_version' => 'dev-main',\n"
                          "            'install_path' => __DIR__ . '/../../',\n"
                          "            'aliases' => array(),\n"
                          "        ),\n"
                          "        'psr/log' => array(\n"
                          "            'pretty_version' => '1.1.4',\n"
                          "            'aliases' => array(\n"
                          "                0 => '1.1.x-dev',\n"
                          "            ),\n"
                          "            'install_path' => __DIR__ . '/../psr/log',\n"
                          "        ),\n"
                          "        'psr/log-implementation' => array(\n"
                          "            'provided' => array(\n"
                          "                0 => '1.0.0',\n"
                          "            ),\n"
                          "        ),\n"
                          "    ),\n"
                          ");\n";

static void test_php(void **state _unused_)
{
        composer_list list = {};
        assert_int_equal(composer_php_parse(span_of(php), &arena, &list), 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.items[0].name, "acme/app");
        assert_true(list.items[0].is_root);
        assert_string_equal(list.items[1].name, "psr/log");
        assert_string_equal(list.items[1].version, "1.1.4");
        assert_string_equal(list.items[1].path, "../psr/log");
        assert_false(list.items[1].is_root);
        assert_int_equal(composer_php_parse(SPAN("<?php echo 1;\n"), &arena, &list), -EBADMSG);
        vec_done(&list);
}

static void test_pear(void **state _unused_)
{
        struct composer_package p;
        const char *text =
                "a:3:{s:4:\"name\";s:5:\"redis\";s:7:\"version\";a:2:{s:7:\"release\";s:5:\"5.3.7\";"
                "s:3:\"api\";s:5:\"5.3.7\";}}";
        assert_int_equal(pear_registry_parse(span_of(text), &arena, &p), 0);
        assert_string_equal(p.name, "redis");
        assert_string_equal(p.version, "5.3.7");
        assert_int_equal(pear_registry_parse(SPAN("s:4:\"name\";s:99:\"x\";"), &arena, &p), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_php),
                cmocka_unit_test(test_pear),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
