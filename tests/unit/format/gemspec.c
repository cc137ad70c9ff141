/* SPDX-License-Identifier: Apache-2.0 */
#include "format/gemspec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static void test_stub(void **state _unused_)
{
        struct gemspec g;
        const char *text = "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.13.10 x86_64-linux lib\n\n"
                           "Gem::Specification.new do |s|\n  s.name = \"other\".freeze\n";
        assert_int_equal(gemspec_parse(span_of(text), &arena, &g), 0);
        assert_string_equal(g.name, "nokogiri");
        assert_string_equal(g.version, "1.13.10");
        assert_string_equal(g.platform, "x86_64-linux");
}

static void test_literals(void **state _unused_)
{
        struct gemspec g;
        const char *text =
                "Gem::Specification.new do |spec|\n  spec.name = 'rack'.freeze\n"
                "  spec.version = Gem::Version.new(\"2.2.6.4\")\n  spec.platform = \"ruby\"\nend\n";
        assert_int_equal(gemspec_parse(span_of(text), &arena, &g), 0);
        assert_string_equal(g.name, "rack");
        assert_string_equal(g.version, "2.2.6.4");
        assert_null(g.platform);
}

static void test_programs(void **state _unused_)
{
        struct gemspec g;
        assert_int_equal(gemspec_parse(SPAN("s.name = \"a\"\ns.version = Foo::VERSION\n"), &arena, &g), 0);
        assert_null(g.version);
        assert_int_equal(gemspec_parse(SPAN("s.name = \"a\"\ns.version = `cat \"1.0\"`\n"), &arena, &g), 0);
        assert_null(g.version);
        assert_int_equal(gemspec_parse(SPAN("s.name = \"a#{x}\"\n"), &arena, &g), -ENOENT);
        assert_int_equal(gemspec_parse(SPAN("s.name == \"a\"\n"), &arena, &g), -ENOENT);
        assert_int_equal(gemspec_parse(SPAN("# stub: a\n"), &arena, &g), -ENOENT);
        assert_int_equal(gemspec_parse(SPAN(""), &arena, &g), -ENOENT);
}

static void test_constant(void **state _unused_)
{
        const char *text = "module Foo\n  # VERSION = '0'\n  VERSION = '1.2.3.pre'.freeze\nend\n";
        assert_string_equal(gemspec_version_constant(span_of(text), &arena), "1.2.3.pre");
        assert_null(gemspec_version_constant(SPAN("VERSION = [1, 2].join('.')"), &arena));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stub),
                cmocka_unit_test(test_literals),
                cmocka_unit_test(test_programs),
                cmocka_unit_test(test_constant),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
