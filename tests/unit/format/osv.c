/* SPDX-License-Identifier: Apache-2.0 */
#include "format/osv.h"

#include "base/buf.h"
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int parse(const char *json, size_t size, struct error *error)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(32 << 20);
        _cleanup_osv_ struct osv_record record = {};
        return osv_parse(json, size, &memory, &record, error);
}

static void test_record(void **state)
{
        static const char json[] =
                "{\"id\":\"GO-1\",\"modified\":\"2024-01-02T00:00:00Z\",\"withdrawn\":null,\"aliases\":["
                "\"CVE-2024-1\",\"\"],"
                "\"database_specific\":{\"severity\":\"HIGH\",\"x\":[1,2]},\"affected\":["
                "{\"ranges\":[{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}]}]},"
                "{\"package\":{\"ecosystem\":\"Go\",\"name\":\"e.org/m\"},\"ranges\":["
                "{\"type\":\"GIT\",\"events\":[{\"introduced\":\"0\"}]},"
                "{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2\"}]}],\"versions\":"
                "[\"1.1\"],"
                "\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"v\"}],\"ecosystem_specific\":{\"imports\":["
                "{\"path\":\"e.org/m/p\",\"symbols\":[\"F\",\"T.M\"]},{\"path\":\"q\",\"symbols\":[\"R\"],"
                "\"derived_symbols\":[\"D\"]}],\"affected_functions\":[\"\",\"a::b\"],\"urgency\":\"low\","
                "\"custom_ranges\":[{}]}}]}";
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 20);
        _cleanup_osv_ struct osv_record r = {};
        struct error error = {};
        (void)state;
        assert_int_equal(osv_parse(json, strlen(json), &memory, &r, &error), 0);
        assert_string_equal(r.id, "GO-1");
        assert_int_equal(r.modified, 1704153600);
        assert_false(r.withdrawn);
        assert_int_equal(r.aliases.count, 1);
        assert_string_equal(r.rating, "HIGH");
        assert_int_equal(r.affected.count, 1); /* one without package is left out */
        const struct osv_affected *a = r.affected.items;
        assert_int_equal(a->ranges.count, 1); /* GIT is left out, the rest is not */
        assert_int_equal(a->ranges.items[0].event_count, 2);
        assert_string_equal(a->ranges.items[0].events[1].version, "1.2");
        assert_int_equal(a->symbols.count, 5);
        assert_string_equal(a->symbols.items[0].kind, "unspecified");
        assert_string_equal(a->symbols.items[0].container, "e.org/m/p");
        assert_string_equal(a->symbols.items[2].kind, "root");
        assert_string_equal(a->symbols.items[3].kind, "derived");
        assert_string_equal(a->symbols.items[4].function, "a::b");
        assert_string_equal(a->urgency, "low");
        assert_true(a->custom_ranges);
}

static const struct osv_symbol *symbol_in(struct arena *memory, const char *specific)
{
        _cleanup_osv_ struct osv_record r = {};
        struct error error = {};
        char *json = arena_printf(memory,
                                  "{\"id\":\"x\",\"affected\":[{\"package\":{\"ecosystem\":\"crates.io\","
                                  "\"name\":\"n\"},\"ecosystem_specific\":%s}]}",
                                  specific);
        struct osv_symbol *copy = arena_alloc(memory, sizeof(*copy));
        assert_int_equal(osv_parse(json, strlen(json), memory, &r, &error), 0);
        assert_int_equal(r.affected.items[0].symbols.count, 1);
        *copy = r.affected.items[0].symbols.items[0];
        return copy;
}

static void test_limits_of_functions(void **state)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(1 << 20);
        static const struct {
                const char *requirements, *versions;
        } cases[] = {
                {"[\"<= 0.11.5\",\"= 0.12.0\"]", "<=0.11.5 | >=0.12.0 <=0.12.0"},
                {"[\">= 1.0.0-rc.1, < 1.2\"]", ">=1.0.0-rc.1 <1.2"},
                {"[\">0.1\"]", ">0.1"},
                /* What is not understood limits nothing. */
                {"[\"^1.2\"]", NULL},
                {"[\"< 1\",\"1.5\"]", NULL},
                {"[\"== 1\"]", NULL},
                {"[\"=> 1\"]", NULL},
                {"[\"<\"]", NULL},
                {"[]", NULL},
                {"\"*\"", NULL},
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (int shape = 0; shape < 2; shape++) {
                        const struct osv_symbol *s = symbol_in(
                                &memory, arena_printf(&memory,
                                                      shape ? "{\"affected_functions\":{\"n::f\":%s}}"
                                                            : "{\"affects\":{\"functions\":{\"n::f\":%s}}}",
                                                      cases[i].requirements));
                        assert_string_equal(s->function, "n::f");
                        if (!cases[i].versions)
                                assert_null(s->versions);
                        else
                                assert_string_equal(s->versions, cases[i].versions);
                }
        const struct osv_symbol *s = symbol_in(
                &memory, "{\"affects\":{\"functions\":[\"n::f\"],\"os\":[\"windows\",\"ios\"],\"arch\":[]}}");
        assert_string_equal(s->platforms, "windows,ios/");
        s = symbol_in(&memory, "{\"imports\":[{\"path\":\"p\",\"symbols\":[\"F\"],\"goarch\":[\"386\"]}]}");
        assert_string_equal(s->platforms, "/386");
        s = symbol_in(&memory, "{\"imports\":[{\"path\":\"p\",\"goos\":[\"windows\"]}]}");
        assert_string_equal(s->kind, "whole");
        assert_string_equal(s->platforms, "windows/");
}

static void test_refused_with_a_sentence(void **state)
{
        static const char *const records[] = {
                "",
                "[]",
                "{",
                "{}",
                "{\"id\":7}",
                "{\"id\":\"\"}",
                "{\"id\":\"a\\nb\"}",
                "{\"id\":\"a\\u0000b\"}",
                "{\"id\":\"\xff\"}",
                "{\"id\":\"x\",\"modified\":\"yesterday\"}",
                "{\"id\":\"x\",\"aliases\":\"CVE-2024-1\"}",
                "{\"id\":\"x\",\"affected\":{}}",
                "{\"id\":\"x\",\"affected\":[{\"package\":{\"ecosystem\":\"Go\",\"name\":\"n\"},\"ranges\":[{"
                "\"type\":\"SEMVER\","
                "\"events\":[{\"introduced\":\"0\",\"fixed\":\"1\"}]}]}]}",
                "{\"id\":\"x\",\"affected\":[{\"package\":{\"ecosystem\":\"Go\",\"name\":\"n\"},\"ranges\":[{"
                "\"type\":\"SEMVER\","
                "\"events\":[{\"introduced\":\"1\\n0\"}]}]}]}",
        };
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
                struct error error = {};
                if (parse(records[i], strlen(records[i]), &error) != -EBADMSG || !error.text[0])
                        fail_msg("'%s' was read", records[i]);
        }
}

/* What is absurd costs neither memory nor time: refused before it is parsed, or by the parser's depth. */
static void test_absurd(void **state)
{
        struct error error = {};
        _cleanup_buf_ struct buf deep = BUF_INIT(1 << 22), many = BUF_INIT(1 << 23);
        (void)state;
        buf_add_str(&deep, "{\"id\":\"x\",\"a\":");
        for (int i = 0; i < 100000; i++)
                buf_add_char(&deep, '[');
        assert_int_equal(parse(deep.data, deep.size, &error), -EBADMSG);
        buf_add_str(&many, "{\"id\":\"x\",\"aliases\":[");
        for (int i = 0; i < 1000000; i++)
                buf_add_str(&many, "0,");
        buf_add_str(&many, "0]}");
        assert_int_equal(parse(many.data, many.size, &error), -EFBIG);
        _cleanup_free_ char *huge = calloc(1, OSV_SIZE_MAX + 1);
        assert_int_equal(parse(huge, OSV_SIZE_MAX + 1, &error), -EFBIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_record),
                cmocka_unit_test(test_limits_of_functions),
                cmocka_unit_test(test_refused_with_a_sentence),
                cmocka_unit_test(test_absurd),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
