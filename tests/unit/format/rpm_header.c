/* SPDX-License-Identifier: Apache-2.0 */
#include "format/rpm_header.h"

#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct header {
        struct buf index, data;
        uint32_t count;
};

static void put_big(struct buf *b, uint32_t value)
{
        const char bytes[] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8), (char)value};
        buf_add(b, bytes, sizeof(bytes));
}

static void put_tag(struct header *h, uint32_t tag, uint32_t type, uint32_t count, const void *data,
                    size_t size)
{
        put_big(&h->index, tag);
        put_big(&h->index, type);
        put_big(&h->index, (uint32_t)h->data.size);
        put_big(&h->index, count);
        buf_add(&h->data, data, size);
        h->count++;
}

static struct buf make(void)
{
        struct header h = {BUF_INIT(4096), BUF_INIT(4096), 0};
        struct buf all = BUF_INIT(16384);
        static const char folders[] = "/usr/bin/\0/usr/lib/",
                          names[] = "openssl\0libssl.so.3\0libcrypto.so.3";
        static const char indexes[] = "\0\0\0\0\0\0\0\1\0\0\0\1", epoch[] = "\0\0\0\1";
        put_tag(&h, 1000, 6, 1, "openssl", 8);
        put_tag(&h, 1001, 6, 1, "3.0.7", 6);
        put_tag(&h, 1002, 6, 1, "24.el9", 7);
        put_tag(&h, 1022, 6, 1, "x86_64", 7);
        put_tag(&h, 1044, 6, 1, "openssl-3.0.7-24.el9.src.rpm", 29);
        put_tag(&h, 5096, 6, 1, "m:1", 4);
        put_tag(&h, 1003, 4, 1, epoch, 4);
        put_tag(&h, 1116, 4, 3, indexes, 12);
        put_tag(&h, 1117, 8, 3, names, sizeof(names));
        put_tag(&h, 1118, 8, 2, folders, sizeof(folders));
        put_big(&all, h.count);
        put_big(&all, (uint32_t)h.data.size);
        buf_add(&all, h.index.data, h.index.size);
        buf_add(&all, h.data.data, h.data.size);
        buf_done(&h.index);
        buf_done(&h.data);
        return all;
}

static void test_header(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = make();
        struct rpm_package p;
        struct span folder, name;
        assert_int_equal(rpm_header_parse((struct span){bytes.data, bytes.size}, &p), 0);
        assert_true(span_equal(p.name, "openssl") && span_equal(p.version, "3.0.7"));
        assert_true(span_equal(p.release, "24.el9") && p.has_epoch && p.epoch == 1);
        assert_true(span_equal(p.modularity, "m:1"));
        struct rpm_files files = {};
        assert_true(rpm_file_next(&p, &files, &folder, &name));
        assert_true(span_equal(folder, "/usr/bin/") && span_equal(name, "openssl"));
        assert_true(rpm_file_next(&p, &files, &folder, &name));
        assert_true(span_equal(folder, "/usr/lib/") && span_equal(name, "libssl.so.3"));
        assert_true(rpm_file_next(&p, &files, &folder, &name));
        assert_true(span_equal(folder, "/usr/lib/") && span_equal(name, "libcrypto.so.3"));
        assert_false(rpm_file_next(&p, &files, &folder, &name));
}

static void test_every_prefix_is_refused(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = make();
        struct rpm_package p;
        for (size_t size = 0; size < bytes.size; size++) {
                _cleanup_free_ char *exact = malloc(size ? size : 1);
                memcpy(exact, bytes.data, size);
                assert_int_equal(rpm_header_parse((struct span){exact, size}, &p), -EBADMSG);
        }
}

static void test_source(void **state)
{
        (void)state;
        struct span name, version;
        assert_true(rpm_source_split(SPAN("gtk+-2.0-3-1.el9.src.rpm"), &name, &version));
        assert_true(span_equal(name, "gtk+-2.0") && span_equal(version, "3-1.el9"));
        assert_false(rpm_source_split(SPAN("(none)"), &name, &version));
        assert_false(rpm_source_split(SPAN("a-1.src.rpm"), &name, &version));
        assert_false(rpm_source_split(SPAN("-1-2.src.rpm"), &name, &version));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_header),
                                           cmocka_unit_test(test_every_prefix_is_refused),
                                           cmocka_unit_test(test_source)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
