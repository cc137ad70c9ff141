/* SPDX-License-Identifier: Apache-2.0 */
/* Archives are built here byte by byte, so that each can lie in exactly one place. */
#include "format/zip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

struct file {
        const char *name, *bytes;
        bool deflated;
};

static void put(struct buf *b, uint64_t value, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++)
                buf_add_char(b, (char)(value >> (8 * i)));
}

static size_t pack(const struct file *f, uint8_t *to, size_t room)
{
        size_t size = strlen(f->bytes);
        if (!f->deflated) {
                memcpy(to, f->bytes, size);
                return size;
        }
        z_stream z = {.next_in = (Bytef *)(uintptr_t)f->bytes,
                      .avail_in = (uInt)size,
                      .next_out = to,
                      .avail_out = (uInt)room};
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        return room - z.avail_out;
}

/* `lie` is added to the claimed size of the first entry. */
static void build(struct buf *b, const struct file *files, size_t count, int lie)
{
        _cleanup_buf_ struct buf directory = BUF_INIT(1 << 20);
        for (size_t i = 0; i < count; i++) {
                uint8_t packed[4096];
                const struct file *f = &files[i];
                size_t size = pack(f, packed, sizeof(packed)), offset = b->size, name = strlen(f->name);
                uint32_t crc = (uint32_t)crc32(0, (const Bytef *)f->bytes, (uInt)strlen(f->bytes));
                put(b, 0x04034b50, 4);
                put(b, 0, 22);
                put(b, name, 2);
                put(b, 0, 2);
                buf_add_str(b, f->name);
                buf_add(b, packed, size);
                put(&directory, 0x02014b50, 4);
                put(&directory, 0, 6);
                put(&directory, f->deflated ? 8 : 0, 2);
                put(&directory, 0, 4);
                put(&directory, crc, 4);
                put(&directory, size, 4);
                put(&directory, strlen(f->bytes) + (size_t)(i ? 0 : lie), 4);
                put(&directory, name, 2);
                put(&directory, 0, 12);
                put(&directory, offset, 4);
                buf_add_str(&directory, f->name);
        }
        size_t at = b->size;
        buf_add(b, directory.data, directory.size);
        put(b, 0x06054b50, 4);
        put(b, 0, 4);
        put(b, count, 2);
        put(b, count, 2);
        put(b, directory.size, 4);
        put(b, at, 4);
        put(b, 0, 2);
        assert_int_equal(b->error, 0);
}

static int read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
        memcpy(to, (const char *)context + offset, size);
        return 0;
}

static int open_bytes(const char *bytes, size_t size, struct zip *ret)
{
        struct zip_source source = {read_bytes, (void *)(uintptr_t)bytes, size};
        return zip_open(&source, ret);
}

static const struct file two[] = {
        {"a.json", "{\"id\":\"a\"}", false},
        {"b.json", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", true}};

static void check_two(const char *bytes, size_t size)
{
        _cleanup_zip_ struct zip z = {};
        struct zip_entry entry;
        uint64_t iterator = 0;
        assert_int_equal(open_bytes(bytes, size, &z), 0);
        assert_int_equal(z.count, 2);
        for (size_t i = 0; i < 2; i++) {
                _cleanup_buf_ struct buf out = BUF_INIT(1000);
                assert_int_equal(zip_next(&z, &iterator, &entry), 1);
                assert_true(span_equal(entry.name, two[i].name));
                assert_int_equal(zip_read(&z, &entry, &out), 0);
                assert_string_equal(out.data, two[i].bytes);
        }
        assert_int_equal(zip_next(&z, &iterator, &entry), 0);
}

static void test_reads(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20), prefixed = BUF_INIT(1 << 20);
        (void)state;
        build(&b, two, 2, 0);
        check_two(b.data, b.size);
        buf_add_str(&prefixed, "#!/bin/sh\nexec java -jar \"$0\"\n");
        buf_add(&prefixed, b.data, b.size);
        check_two(prefixed.data, prefixed.size);
}

static void test_truncated_anywhere(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        (void)state;
        build(&b, two, 2, 0);
        for (size_t size = 0; size < b.size; size++) {
                struct zip z = {};
                assert_int_equal(open_bytes(b.data, size, &z), -EBADMSG);
        }
}

static int read_first(struct buf *b, size_t limit)
{
        _cleanup_zip_ struct zip z = {};
        _cleanup_buf_ struct buf out = BUF_INIT(limit);
        struct zip_entry entry;
        uint64_t iterator = 0;
        assert_int_equal(open_bytes(b->data, b->size, &z), 0);
        assert_int_equal(zip_next(&z, &iterator, &entry), 1);
        int r = zip_read(&z, &entry, &out);
        assert_true(out.size <= limit);
        return r;
}

static void test_damage_is_seen(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20), lying = BUF_INIT(1 << 20);
        (void)state;
        build(&lying, two, 2, 1);
        assert_int_equal(read_first(&lying, 1000), -EBADMSG);
        build(&b, two, 2, 0);
        b.data[30 + 6 + 2] ^= 1; /* a byte of the first file */
        assert_int_equal(read_first(&b, 1000), -EBADMSG);
}

static void test_bombs_meet_the_limit(void **state)
{
        static char zeros[100001];
        const struct file bomb[] = {{"z", zeros, true}};
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        (void)state;
        memset(zeros, '0', sizeof(zeros) - 1);
        build(&b, bomb, 1, 0);
        assert_true(b.size < 1000);
        assert_int_equal(read_first(&b, 1000), -EFBIG);
        assert_int_equal(read_first(&b, 100000), 0);
        assert_int_equal(read_first(&b, 99999), -EFBIG);
}

/* Entries that share the same bytes (a bomb without recursion) need more room than the archive has. */
static void test_overlap_is_refused(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        const struct file files[] = {
                {"a", "0123456789012345678901234567890123456789", false}, {"b", "", false}, {"c", "", false}};
        struct zip z = {};
        (void)state;
        build(&b, files, 3, 0);
        /* Let the second and third entry claim the first one's bytes. */
        for (size_t at = 0; at + 46 < b.size; at++)
                if (!memcmp(b.data + at, "PK\1\2", 4)) {
                        b.data[at + 20] = b.data[at + 24] = 40;
                        memset(b.data + at + 42, 0, 4);
                }
        assert_int_equal(open_bytes(b.data, b.size, &z), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reads),
                cmocka_unit_test(test_truncated_anywhere),
                cmocka_unit_test(test_damage_is_seen),
                cmocka_unit_test(test_bombs_meet_the_limit),
                cmocka_unit_test(test_overlap_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
