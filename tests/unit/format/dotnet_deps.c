/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dotnet_deps.h"

#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static const char deps[] =
        "{\"targets\":{\".NETCoreApp,Version=v6.0\":{\"App/1.0.0\":{\"runtime\":{\"App.dll\":{}}},"
        "\"Newtonsoft.Json/12.0.1\":{\"runtime\":{\"lib/netstandard2.0/Newtonsoft.Json.dll\":{}}}}},"
        "\"libraries\":{\"App/1.0.0\":{\"type\":\"project\"},\"Newtonsoft.Json/"
        "12.0.1\":{\"type\":\"package\"},"
        "\"Microsoft.SourceLink.Common/1.1.1\":{\"type\":\"package\"},"
        "\"broken\":{\"type\":\"package\"}}}";

static void test_libraries(void **state _unused_)
{
        _cleanup_dotnet_deps_ struct dotnet_deps d = {};
        assert_int_equal(dotnet_deps_parse(span_of(deps), &arena, &d), 0);
        assert_int_equal(d.libraries.count, 2);
        assert_string_equal(d.libraries.items[0].name, "App");
        assert_false(d.libraries.items[0].package);
        assert_string_equal(d.libraries.items[1].version, "12.0.1");
        assert_true(d.libraries.items[1].package);
        assert_int_equal(d.files.count, 2);
        assert_string_equal(d.files.items[1].package, "Newtonsoft.Json");
        assert_string_equal(d.files.items[1].path, "lib/netstandard2.0/Newtonsoft.Json.dll");
        assert_int_equal(dotnet_deps_parse(SPAN("{\"libraries\":[]}"), &arena, &d), -EBADMSG);
}

static void put(struct buf *b, uint64_t value, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++)
                buf_add_char(b, (char)(value >> (8 * i)));
}

static void test_bundle(void **state _unused_)
{
        static const unsigned char marker[] =
                "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32"
                "\x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae";
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 16);
        struct span found;
        put(&b, 40, 8);
        buf_add(&b, marker, 32);
        put(&b, 6, 4);
        put(&b, 0, 4);
        put(&b, 1, 4);
        put(&b, 2, 1);
        buf_add_str(&b, "id");
        put(&b, 71, 8);
        put(&b, 2, 8);
        buf_add_str(&b, "{}");
        struct span bytes = {b.data, b.size};
        assert_int_equal(dotnet_bundle_find(bytes, bytes, &found), 0);
        assert_true(span_equal(found, "{}"));
        bytes.size -= 1;
        assert_int_equal(dotnet_bundle_find(bytes, bytes, &found), -ENOENT);
        bytes.size = 45;
        assert_int_equal(dotnet_bundle_find(bytes, bytes, &found), -ENOENT);
        assert_int_equal(dotnet_bundle_find(bytes,
                                            SPAN("\x7f"
                                                 "ELF"),
                                            &found),
                         -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_libraries),
                cmocka_unit_test(test_bundle),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
