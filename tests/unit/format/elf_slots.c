/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_slots.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Three slots, of `waiting`, `called`, `own`; the dynamic table at 0x200 ends with its seventh entry. */
enum {
        MACHINE = 18,
        DYNAMIC = 0x200,
        SLOT_SIZE_VALUE = DYNAMIC + 5 * 16 + 8,
        LAST = DYNAMIC + 7 * 16,
        SLOTS = 0x700
};

static char object[4096];

static void load(void)
{
        char path[4096];
        _cleanup_buf_ struct buf bytes = BUF_INIT(sizeof(object));
        const char *source = getenv("USEWEAR_SOURCE");
        assert_non_null(source);
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/calls/lazy-object", source);
        assert_int_equal(file_read_at(AT_FDCWD, path, &bytes), 0);
        assert_int_equal(bytes.size, sizeof(object));
        memcpy(object, bytes.data, sizeof(object));
}

static void put(size_t at, uint64_t value)
{
        memcpy(object + at, &value, sizeof(value));
}

static int add(void *context, const char *name)
{
        struct buf *to = context;
        return buf_add_str(to, name) < 0 ? -ENOMEM : buf_add_char(to, ' ');
}

static int names_of(size_t size, struct buf *to)
{
        struct elf e;
        buf_clear(to);
        assert_int_equal(elf_open((struct span){object, size}, &e), 0);
        int r = elf_lazy_slots(&e, add, to);
        assert_int_equal(buf_add_char(to, '\0'), 0);
        return r;
}

static void test_names(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf names = BUF_INIT(1 << 16);
        load();
        assert_int_equal(names_of(sizeof(object), &names), 0);
        assert_string_equal(names.data, "waiting called own ");
        put(SLOTS + 24 + 8, 6); /* R_X86_64_GLOB_DAT, of no symbol */
        assert_int_equal(names_of(sizeof(object), &names), 0);
        assert_string_equal(names.data, "waiting own ");
}

static void test_bound_at_load(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf names = BUF_INIT(1 << 16);
        static const struct {
                uint64_t tag, value;
        } flags[] = {{24, 0}, {30, 8}, {0x6ffffffb, 1}}; /* DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1 */
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                load();
                put(LAST, flags[i].tag);
                put(LAST + 8, flags[i].value);
                assert_int_equal(names_of(sizeof(object), &names), 0);
                assert_string_equal(names.data, "");
        }
}

static void test_lies(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf names = BUF_INIT(1 << 16);
        load();
        put(SLOT_SIZE_VALUE, UINT64_MAX);
        assert_int_equal(names_of(sizeof(object), &names), -EBADMSG);
        load();
        put(SLOTS + 8, 7 | 0xffffffffull << 32); /* a symbol that is not there */
        assert_int_equal(names_of(sizeof(object), &names), 0);
        assert_string_equal(names.data, "called own ");
        load();
        object[MACHINE] = 3; /* EM_386 */
        assert_int_equal(names_of(sizeof(object), &names), -ENOTSUP);
}

static void test_every_prefix_is_safe(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf names = BUF_INIT(1 << 16);
        load();
        for (size_t size = 64; size < sizeof(object); size += 3) {
                struct elf e;
                char *copy = malloc(size);
                memcpy(copy, object, size);
                buf_clear(&names);
                if (elf_open((struct span){copy, size}, &e) == 0)
                        assert_true(elf_lazy_slots(&e, add, &names) <= 0);
                free(copy);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_bound_at_load),
                cmocka_unit_test(test_lies),
                cmocka_unit_test(test_every_prefix_is_safe),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
