/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_functions.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A library with one exported function and one static one that only .gnu_debugdata names:
 *   cc -shared -O1 -g -Wl,-soname,libf.so.1; objcopy -S -g; a mini file of symbols, xz, --add-section */
static void read_sample(const char *name, struct buf *to, struct elf *ret)
{
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/functions/%s", getenv("USEWEAR_SOURCE"), name);
        assert_int_equal(file_read_at(AT_FDCWD, path, to), 0);
        assert_int_equal(elf_open((struct span){to->data, to->size}, ret), 0);
}

struct seen {
        bool exported, hidden, chosen;
        size_t count;
};

static int take(void *context, const struct elf_function *f)
{
        struct seen *s = context;
        s->count++;
        s->exported |= !strcmp(f->name, "shown") && f->address && f->size;
        s->hidden |= !strcmp(f->name, "hidden") && f->address && f->size;
        s->chosen |= !strcmp(f->name, "chosen") && f->chosen;
        return 0;
}

static void test_tables(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), mini = BUF_INIT(1 << 20);
        struct elf e, inner;
        struct seen s = {}, more = {};
        read_sample("stripped", &bytes, &e);
        assert_int_equal(elf_functions(&e, take, &s), 0);
        assert_true(s.exported && s.chosen && !s.hidden);
        assert_int_equal(elf_mini_debug(&e, &mini), 0);
        assert_int_equal(elf_open((struct span){mini.data, mini.size}, &inner), 0);
        assert_int_equal(elf_functions(&inner, take, &more), 0);
        assert_true(more.hidden);
}

static void test_limits(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), mini = BUF_INIT(16);
        struct elf e;
        struct span name;
        uint32_t crc;
        read_sample("stripped", &bytes, &e);
        assert_int_equal(elf_mini_debug(&e, &mini), -EFBIG);
        assert_int_equal(elf_debug_link(&e, &name, &crc), 0);
        assert_true(span_equal(name, "libf.debug"));
        for (size_t size = 64; size < bytes.size; size += 11) {
                _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
                _cleanup_free_ char *copy = malloc(size);
                struct seen s = {};
                memcpy(copy, bytes.data, size);
                if (elf_open((struct span){copy, size}, &e) < 0)
                        continue;
                elf_functions(&e, take, &s);
                elf_mini_debug(&e, &out);
                elf_debug_link(&e, &name, &crc);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_limits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
