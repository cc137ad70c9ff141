/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_frames.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void read_sample(const char *name, struct buf *to, struct elf *ret)
{
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/elf_frames/%s", getenv("USEWEAR_SOURCE"), name);
        assert_int_equal(file_read_at(AT_FDCWD, path, to), 0);
        assert_int_equal(elf_open((struct span){to->data, to->size}, ret), 0);
}

struct seen {
        struct elf_frame frames[8];
        size_t count;
};

static int take(void *context, const struct elf_frame *f)
{
        struct seen *s = context;
        assert_true(s->count < ARRAY_SIZE(s->frames));
        s->frames[s->count++] = *f;
        return 0;
}

static int stop(void *context, const struct elf_frame *f)
{
        (void)f;
        ++*(int *)context;
        return 7;
}

/* As readelf --debug-dump=frames prints them. */
static void check(const char *name, const struct elf_frame *expected, size_t count)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        struct elf e;
        struct seen s = {};
        read_sample(name, &bytes, &e);
        assert_int_equal(elf_frames(&e, take, &s), 0);
        assert_int_equal(s.count, count);
        for (size_t i = 0; i < count; i++) {
                assert_int_equal(s.frames[i].address, expected[i].address);
                assert_int_equal(s.frames[i].size, expected[i].size);
        }
}

static void test_boundaries(void **state)
{
        (void)state;
        static const struct elf_frame wide[] = {
                {0x1e0, 8}, {0x1f0, 50}, {0x230, 44}, {0x260, 53}, {0x2a0, 17}};
        static const struct elf_frame narrow[] = {{0x150, 8}, {0x158, 32}, {0x178, 4}, {0x130, 32}};
        check("shared", wide, ARRAY_SIZE(wide));
        /* Nothing but segments: by the index that the loader knows. */
        check("no-sections", wide, ARRAY_SIZE(wide));
        check("shared32", narrow, ARRAY_SIZE(narrow));
}

static void test_damage(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        struct elf e;
        struct span table;
        struct seen s = {};
        int calls = 0;
        read_sample("shared", &bytes, &e);
        assert_int_equal(elf_frames(&e, stop, &calls), 7);
        assert_int_equal(calls, 1);
        assert_int_equal(elf_section(&e, ".eh_frame", &table), 0);
        char *first = bytes.data + (table.data - bytes.data);
        memset(first, 0xff, 4); /* longer than the file */
        assert_int_equal(elf_frames(&e, take, &s), -EBADMSG);
        assert_int_equal(s.count, 0);
        memset(first, 0, table.size);
        assert_int_equal(elf_frames(&e, take, &s), 0);
        for (size_t size = 64; size < bytes.size; size += 7) {
                _cleanup_buf_ struct buf again = BUF_INIT(1 << 20);
                struct seen some = {};
                read_sample("no-sections", &again, &e);
                e.bytes.size = size;
                elf_frames(&e, take, &some);
        }
        assert_int_equal(elf_open(SPAN("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0"), &e), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_boundaries),
                cmocka_unit_test(test_damage),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
