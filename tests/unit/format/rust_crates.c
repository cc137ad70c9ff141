/* SPDX-License-Identifier: Apache-2.0 */
#include "format/rust_crates.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static void test_audit(void **state _unused_)
{
        const char *json =
                "{\"packages\":[{\"name\":\"rg\",\"version\":\"13.0.0\",\"source\":\"local\",\"root\":true},"
                "{\"name\":\"regex\",\"version\":\"1.7.0\",\"source\":\"crates.io\"},"
                "{\"name\":\"cc\",\"version\":\"1.0.0\",\"source\":\"crates.io\",\"kind\":\"build\"},"
                "{\"name\":\"x y\",\"version\":\"1.0.0\"}]}";
        Bytef packed[1024];
        uLongf size = sizeof(packed);
        rust_crate_list list = {};
        assert_int_equal(compress(packed, &size, (const Bytef *)json, strlen(json)), Z_OK);
        struct span section = {(const char *)packed, size};
        assert_int_equal(rust_audit_parse(section, &arena, &list), 0);
        assert_int_equal(list.count, 2);
        assert_true(list.items[0].root);
        assert_false(list.items[0].registry);
        assert_string_equal(list.items[1].name, "regex");
        assert_true(list.items[1].registry);
        section.size -= 5;
        assert_int_equal(rust_audit_parse(section, &arena, &list), -EBADMSG);
        assert_int_equal(rust_audit_parse(SPAN(""), &arena, &list), -EBADMSG);
        vec_done(&list);
}

static void test_paths(void **state _unused_)
{
        static const char data[] =
                "/root/.cargo/registry/src/github.com-1ecc6299db9ec823/aho-corasick-0.7.20/src/nfa.rs\0"
                "x/registry/src/index.crates.io-6f17d22bba15001f/rand_core-0.6.4-rc.1/src/le.rs"
                "/registry/src/index.crates.io-6f17d22bba15001f/rand_core-0.6.4-rc.1/src/lib.rs"
                "/usr/share/cargo/registry/memchr-2.5.0/src/memchr/mod.rs"
                "/registry/src/a/noversion/src/registry/src/b/x-1.2/";
        rust_crate_list list = {};
        assert_int_equal(rust_paths_find((struct span){data, sizeof(data) - 1}, &arena, &list), 0);
        assert_int_equal(list.count, 3);
        assert_string_equal(list.items[0].name, "aho-corasick");
        assert_string_equal(list.items[0].version, "0.7.20");
        assert_int_equal(list.items[0].at, 12);
        assert_string_equal(list.items[1].name, "rand_core");
        assert_string_equal(list.items[1].version, "0.6.4-rc.1");
        assert_string_equal(list.items[2].name, "memchr");
        vec_done(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_audit),
                cmocka_unit_test(test_paths),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
