/* SPDX-License-Identifier: Apache-2.0 */
/* An assembly as small as it gets: one section that holds the CLI header, metadata with a module, a type and
 * an assembly, and the strings of a version resource. */
#include "format/pe.h"

#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

static void put(struct buf *b, uint64_t value, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++)
                buf_add_char(b, (char)(value >> (8 * i)));
}

static void wide(struct buf *b, const char *text)
{
        for (; *text; text++)
                put(b, (uint8_t)*text, 2);
        put(b, 0, 2);
}

static void pad(struct buf *b, size_t to)
{
        while (b->size < to)
                put(b, 0, 1);
}

enum { SECTION = 0x200, ADDRESS = 0x2000, METADATA = 0x48, TABLES = 0x90, STRINGS = 0xe0, RESOURCE = 0x100 };

static void build(struct buf *b)
{
        buf_add_str(b, "MZ");
        pad(b, 0x3c);
        put(b, 0x40, 4);
        put(b, 0x4550, 4);
        put(b, 0x14c, 2);
        put(b, 1, 2); /* sections */
        pad(b, 0x40 + 20);
        put(b, 224, 2); /* optional header */
        put(b, 0, 2);
        put(b, 0x10b, 2);
        pad(b, 0x58 + 96 + 16);
        put(b, ADDRESS + RESOURCE, 4);
        put(b, 0x100, 4);
        pad(b, 0x58 + 96 + 14 * 8);
        put(b, ADDRESS, 4);
        put(b, 72, 4);
        pad(b, 0x58 + 224 + 8);
        put(b, 0x400, 4);
        put(b, ADDRESS, 4);
        put(b, 0x400, 4);
        put(b, SECTION, 4);
        pad(b, SECTION + 8);
        put(b, ADDRESS + METADATA, 4);
        put(b, 0x100, 4);
        pad(b, SECTION + METADATA);
        put(b, 0x424a5342, 4);
        pad(b, SECTION + METADATA + 12);
        put(b, 12, 4);
        buf_add(b, "v4.0.30319\0", 12);
        put(b, 0, 2);
        put(b, 2, 2);
        put(b, TABLES - METADATA, 4);
        put(b, STRINGS - TABLES, 4);
        buf_add(b, "#~\0", 4);
        put(b, STRINGS - METADATA, 4);
        put(b, 16, 4);
        buf_add(b, "#Strings\0\0\0", 12);
        pad(b, SECTION + TABLES);
        put(b, 0, 8);
        put(b, 1ull << 0 | 1ull << 2 | 1ull << 0x20, 8);
        put(b, 0, 8);
        put(b, 1, 4);
        put(b, 1, 4);
        put(b, 1, 4);
        pad(b, b->size + 10 + 14); /* Module: 2 S G G G; TypeDef: 4 S S and three indexes */
        put(b, 0x8004, 4);
        put(b, 13, 2);
        put(b, 2, 2);
        put(b, 1, 2);
        put(b, 7, 2);
        put(b, 0, 4);
        put(b, 0, 2);
        put(b, 1, 2);
        pad(b, SECTION + STRINGS);
        buf_add(b, "\0Newtonsoft", 12);
        pad(b, SECTION + RESOURCE + 2);
        wide(b, "ProductVersion");
        wide(b, "13.0.3+abc");
        put(b, 0, 2);
        wide(b, "FileVersion");
        put(b, 0, 2);
        wide(b, "13.0.3.27908");
        pad(b, SECTION + 0x400);
        assert_int_equal(b->error, 0);
}

static void test_identity(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 16);
        struct pe_identity p;
        build(&b);
        assert_int_equal(pe_identity_parse((struct span){b.data, b.size}, &arena, &p), 0);
        assert_string_equal(p.assembly, "Newtonsoft");
        assert_string_equal(p.assembly_version, "13.2.1.7");
        assert_string_equal(p.product_version, "13.0.3+abc");
        assert_string_equal(p.file_version, "13.0.3.27908");
        assert_null(p.product);
}

/* However much of it is missing, nothing is read beyond the end. */
static void test_truncated(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 16);
        build(&b);
        for (size_t size = 0; size < b.size; size++) {
                _cleanup_free_ char *copy = malloc(size + 1);
                struct pe_identity p;
                memcpy(copy, b.data, size);
                int r = pe_identity_parse((struct span){copy, size}, &arena, &p);
                assert_true(r == 0 || r == -EINVAL || r == -EBADMSG);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_identity),
                cmocka_unit_test(test_truncated),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
