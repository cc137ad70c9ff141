/* SPDX-License-Identifier: Apache-2.0 */
/* Archives inside archives, built here: a stored and a deflated one, big enough that reading from the end has
 * to go back. */
#include "format/zip_nested.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

enum { FILES = 100, FILE_SIZE = 100 * 1000, ROOM = 32 << 20 };

static void put(struct buf *b, uint64_t value, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++)
                buf_add_char(b, (char)(value >> (8 * i)));
}

static void add_file(struct buf *b, struct buf *directory, const char *name, struct span bytes, bool deflated)
{
        _cleanup_free_ uint8_t *packed = malloc(bytes.size + 1024);
        z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes.data,
                      .avail_in = (uInt)bytes.size,
                      .next_out = packed,
                      .avail_out = (uInt)bytes.size + 1024};
        assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        size_t size = deflated ? z.total_out : bytes.size, offset = b->size;
        deflateEnd(&z);
        put(b, 0x04034b50, 4);
        put(b, 0, 22);
        put(b, strlen(name), 2);
        put(b, 0, 2);
        buf_add_str(b, name);
        buf_add(b, deflated ? (const char *)packed : bytes.data, size);
        put(directory, 0x02014b50, 4);
        put(directory, 0, 6);
        put(directory, deflated ? 8 : 0, 2);
        put(directory, 0, 4);
        put(directory, crc32(0, (const Bytef *)bytes.data, (uInt)bytes.size), 4);
        put(directory, size, 4);
        put(directory, bytes.size, 4);
        put(directory, strlen(name), 2);
        put(directory, 0, 12);
        put(directory, offset, 4);
        buf_add_str(directory, name);
}

static void end(struct buf *b, const struct buf *directory, size_t count)
{
        size_t at = b->size;
        buf_add(b, directory->data, directory->size);
        put(b, 0x06054b50, 4);
        put(b, 0, 4);
        put(b, count, 2);
        put(b, count, 2);
        put(b, directory->size, 4);
        put(b, at, 4);
        put(b, 0, 2);
        assert_int_equal(b->error, 0);
}

static void build_inner(struct buf *b)
{
        _cleanup_buf_ struct buf directory = BUF_INIT(1 << 20);
        _cleanup_free_ char *bytes = malloc(FILE_SIZE);
        uint32_t noise = 1;
        for (int i = 0; i < FILES; i++) {
                char name[16];
                snprintf(name, sizeof(name), "f%d", i);
                for (size_t j = 0; j < FILE_SIZE; j++)
                        bytes[j] = (char)((noise = noise * 1664525 + 1013904223) >> 24 & 0x3f);
                bytes[0] = (char)i;
                add_file(b, &directory, name, (struct span){bytes, FILE_SIZE}, i % 2);
        }
        end(b, &directory, FILES);
}

static int read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
        const struct buf *b = context;
        memcpy(to, b->data + offset, size);
        return 0;
}

static void check_inner(const struct zip *outer, const struct zip_entry *entry)
{
        _cleanup_zip_nested_ struct zip_nested *nested = NULL;
        uint64_t budget = 1 << 30, i = 0;
        assert_int_equal(zip_nested_open(outer, entry, &budget, &nested), 0);
        struct zip_source source = zip_nested_source(nested);
        _cleanup_zip_ struct zip inner = {};
        struct zip_entry e;
        assert_int_equal(zip_open(&source, &inner), 0);
        assert_int_equal(inner.count, FILES);
        for (int n = 0; zip_next(&inner, &i, &e) > 0; n++) {
                _cleanup_buf_ struct buf out = BUF_INIT(FILE_SIZE);
                assert_int_equal(zip_read(&inner, &e, &out), 0);
                assert_int_equal(out.size, FILE_SIZE);
                assert_int_equal(out.data[0], n);
        }
}

/* A bomb inside of an archive is refused as one outside is. */
static void entries_that_share_bytes_are_refused(void **state _unused_)
{
        for (int deflated = 0; deflated < 2; deflated++) {
                _cleanup_buf_ struct buf inner = BUF_INIT(ROOM), outer = BUF_INIT(ROOM),
                                         inside = BUF_INIT(1 << 20), directory = BUF_INIT(1 << 20);
                _cleanup_free_ char *bytes = calloc(1, FILE_SIZE);
                for (int i = 0; i < 3; i++)
                        add_file(&inner, &inside, "f", (struct span){bytes, i ? 1 : FILE_SIZE}, false);
                for (size_t at = 0; at + 46 < inside.size; at += 47) { /* 46 and the name */
                        memcpy(inside.data + at + 20, inside.data + 20, 8);
                        memset(inside.data + at + 42, 0, 4);
                }
                end(&inner, &inside, 3);
                add_file(&outer, &directory, "x.jar", (struct span){inner.data, inner.size}, deflated);
                end(&outer, &directory, 1);
                struct zip_source source = {read_bytes, &outer, outer.size};
                _cleanup_zip_ struct zip z = {}, again = {};
                _cleanup_zip_nested_ struct zip_nested *nested = NULL;
                struct zip_entry e;
                uint64_t i = 0, budget = 1 << 30;
                assert_int_equal(zip_open(&source, &z), 0);
                assert_int_equal(zip_next(&z, &i, &e), 1);
                assert_int_equal(zip_nested_open(&z, &e, &budget, &nested), 0);
                struct zip_source in = zip_nested_source(nested);
                assert_int_equal(zip_open(&in, &again), -EBADMSG);
        }
}

static void test_nested(void **state _unused_)
{
        _cleanup_buf_ struct buf inner = BUF_INIT(ROOM), outer = BUF_INIT(ROOM),
                                 directory = BUF_INIT(1 << 20);
        build_inner(&inner);
        add_file(&outer, &directory, "stored.jar", (struct span){inner.data, inner.size}, false);
        add_file(&outer, &directory, "deflated.jar", (struct span){inner.data, inner.size}, true);
        end(&outer, &directory, 2);
        struct zip_source source = {read_bytes, &outer, outer.size};
        _cleanup_zip_ struct zip z = {};
        struct zip_entry e;
        uint64_t i = 0;
        assert_int_equal(zip_open(&source, &z), 0);
        for (int n = 0; n < 2; n++) {
                assert_int_equal(zip_next(&z, &i, &e), 1);
                check_inner(&z, &e);
        }
        /* A budget that does not reach the end. */
        _cleanup_zip_nested_ struct zip_nested *nested = NULL;
        uint64_t budget = 1000;
        assert_int_equal(zip_nested_open(&z, &e, &budget, &nested), 0);
        source = zip_nested_source(nested);
        _cleanup_zip_ struct zip none = {};
        assert_int_equal(zip_open(&source, &none), -EFBIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nested),
                cmocka_unit_test(entries_that_share_bytes_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
