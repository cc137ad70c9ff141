/* SPDX-License-Identifier: Apache-2.0 */
#include "format/signature.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);
static const char table[] = "# name, pattern, files\n"
                            "openssl\tOpenSSL %v %n \n"
                            "zlib\t deflate %v Copyright\n"
                            "mariadb\t%v-MariaDB\n"
                            "bzip2\t^%v, %n-Jul-2019$\n"
                            "sqlite\t^{3.%v$\tlibsqlite3*\n"
                            "cpython\tPython %v$\tpython3*,libpython*\n";

static void find(struct span bytes, const char *file, signature_hits *to)
{
        struct signatures *s = NULL;
        assert_int_equal(signatures_parse(span_of(table), &arena, &s), 0);
        assert_int_equal(signatures_find(s, bytes, file, &arena, to), 0);
        signatures_free(s);
}

static void test_hits(void **state _unused_)
{
        static const char data[] =
                "xx\0OpenSSL 3.0.11 19 Sep 2023\0 deflate 1.2.13 Copyright 1995\0OpenSSL %s\0"
                "OpenSSL 3.0.11 19 Sep\0"
                "10.11.6-MariaDB\0\0001.0.8, 13-Jul-2019\0001.0.8, 13-Jul-2019x\0Python 3.11.2\0";
        signature_hits hits = {};
        find((struct span){data, sizeof(data) - 1}, "python3.11", &hits);
        assert_int_equal(hits.count, 5);
        assert_string_equal(hits.items[0].name, "openssl");
        assert_string_equal(hits.items[0].version, "3.0.11");
        assert_string_equal(hits.items[0].text, "OpenSSL 3.0.11 19 ");
        assert_int_equal(hits.items[0].at, 3);
        assert_string_equal(hits.items[1].version, "1.2.13");
        assert_string_equal(hits.items[2].version, "10.11.6");
        assert_string_equal(hits.items[3].name, "bzip2");
        assert_string_equal(hits.items[4].name, "cpython");
        hits.count = 0;
        find(SPAN("Python 3.11.2"), "other", &hits);
        assert_int_equal(hits.count, 0);
        vec_done(&hits);
}

static void test_version_with_its_literal(void **state _unused_)
{
        signature_hits hits = {};
        find(SPAN("\0003.40.1\0003.x 13.40.1\0"), "libsqlite3.so.0.8.6", &hits);
        assert_int_equal(hits.count, 1);
        assert_string_equal(hits.items[0].version, "3.40.1");
        assert_int_equal(hits.items[0].at, 1);
        vec_done(&hits);
}

static void test_edges(void **state _unused_)
{
        signature_hits hits = {};
        find(SPAN("OpenSSL 3"), "x", &hits);
        find(SPAN("OpenSSL 3.0 "), "x", &hits);
        find(SPAN("OpenSSL three.0 1 "), "x", &hits);
        find(SPAN("-MariaDB"), "x", &hits);
        find(SPAN(""), "x", &hits);
        assert_int_equal(hits.count, 0);
        vec_done(&hits);
}

static void test_broken_tables(void **state _unused_)
{
        static const char *const broken[] = {"a\n",     "a\tabc\n",          "a\t%x abc%v\n",
                                             "a\t%v\n", "a\t%v %n abcdef\n", "a\tb%\n"};
        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                struct signatures *s = NULL;
                assert_int_equal(signatures_parse(span_of(broken[i]), &arena, &s), -EBADMSG);
                assert_null(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hits),
                cmocka_unit_test(test_version_with_its_literal),
                cmocka_unit_test(test_edges),
                cmocka_unit_test(test_broken_tables),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
