/* SPDX-License-Identifier: Apache-2.0 */
#include "format/purl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena memory = ARENA_INIT(16 << 20);

static int parse(const char *text, struct purl *ret)
{
        struct error why = {};
        int r = purl_parse(span_of(text), &memory, ret, &why);
        assert_true(r == 0 || (why.text[0] && !strchr(why.text, '\n')));
        return r;
}

static void parts_are_decoded(void **state _unused_)
{
        struct purl p;
        assert_int_equal(parse("pkg:npm/%40babel/core@7.1.0?Arch=x&checksum=a%3db#src/./lib", &p), 0);
        assert_string_equal(p.type, "npm");
        assert_string_equal(p.namespace, "@babel");
        assert_string_equal(p.name, "core");
        assert_string_equal(p.version, "7.1.0");
        assert_string_equal(purl_qualifier(&p, "arch"), "x");
        assert_string_equal(purl_qualifier(&p, "checksum"), "a=b");
        assert_null(purl_qualifier(&p, "distro"));
        assert_string_equal(p.subpath, "src/lib");
}

static void a_scope_is_no_version(void **state _unused_)
{
        struct purl p;
        assert_int_equal(parse("pkg:npm/@babel/core", &p), 0);
        assert_string_equal(p.namespace, "@babel");
        assert_null(p.version);
        assert_int_equal(parse("pkg:npm/@babel/core@1", &p), 0);
        assert_string_equal(p.version, "1");
        assert_int_equal(parse("pkg:deb/debian/a@1:2.0-1+b1", &p), 0);
        assert_string_equal(p.version, "1:2.0-1+b1");
}

static void spelling_is_kept_until_written(void **state _unused_)
{
        struct purl p;
        _cleanup_buf_ struct buf out = BUF_INIT(1000);
        assert_int_equal(parse("PKG:PyPI/Foo_Bar@1.0", &p), 0);
        assert_string_equal(p.name, "Foo_Bar");
        assert_int_equal(purl_write(&p, &out), 0);
        assert_string_equal(out.data, "pkg:pypi/foo-bar@1.0");
}

static void what_is_none_is_refused(void **state _unused_)
{
        static const char *const bad[] = {"",
                                          "foo",
                                          "pkg:",
                                          "pkg:npm",
                                          "pkg:npm/",
                                          "pkg:/npm",
                                          "pkg:n@m/a",
                                          "pkg:1npm/a",
                                          "http://a/b",
                                          "pkg:npm/a?b",
                                          "pkg:npm/a?b c=1",
                                          "pkg:npm/a%",
                                          "pkg:npm/%zz",
                                          "pkg:npm/a%00",
                                          "pkg:npm/a%0a",
                                          "pkg:npm/a%ff",
                                          "pkg:npm/a?x=1&x=2",
                                          "pkg:maven/@1",
                                          "pkg:npm/a%2fb/c",
                                          "pkg:npm/a\nb"};
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct purl p = {.type = "untouched"};
                assert_int_equal(parse(bad[i], &p), -EINVAL);
                assert_string_equal(p.type, "untouched");
        }
        _cleanup_buf_ struct buf lots = BUF_INIT(PURL_SIZE_MAX * 2);
        buf_add_str(&lots, "pkg:npm/");
        while (lots.size <= PURL_SIZE_MAX)
                buf_add_char(&lots, 'a');
        struct purl p;
        assert_int_equal(parse(lots.data, &p), -EINVAL);
}

static int done(void **state _unused_)
{
        arena_done(&memory);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parts_are_decoded),
                cmocka_unit_test(a_scope_is_no_version),
                cmocka_unit_test(spelling_is_kept_until_written),
                cmocka_unit_test(what_is_none_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, done);
}
