/* SPDX-License-Identifier: Apache-2.0 */

/* Files in which each entry of a table leads to the same megabytes: what they cost is bounded, and what was
 * not read to its end tells less. */

#include "evidence/native_find.h"

#include "../../fuzz/wrapped.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/wire.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { TEXT = 1 << 20 };

static void put(struct buf *to, const void *data, size_t size)
{
        char *at = buf_reserve(to, size);
        assert_non_null(at);
        memcpy(at, data, size);
        buf_grow(to, size);
}

static void put_times(struct buf *to, char c, size_t count)
{
        char *at = buf_reserve(to, count);
        assert_non_null(at);
        memset(at, c, count);
        buf_grow(to, count);
}

static struct span whole(const struct buf *b)
{
        return (struct span){b->data, b->size};
}

/* What native_find says of one function of the file, and that it takes no more than so many seconds. */
static int find(const struct wrapped *sections, size_t count, struct arena *a, struct native_function *ret,
                uint64_t most)
{
        const struct native_query query = {"", "x"};
        size_t size = 0;
        _cleanup_free_ char *bytes = wrap(sections, count, &size);
        assert_non_null(bytes);
        struct native_file file = {.bytes = {bytes, size}};
        uint64_t before = clock_cpu();
        int r = native_find(&file, &query, 1, a, ret);
        assert_true(clock_cpu() - before < most * NS_PER_S);
        return r;
}

static void put_symbol(struct buf *to, uint32_t name)
{
        const Elf64_Sym symbol = {.st_name = name,
                                  .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                  .st_shndx = 1,
                                  .st_value = WRAPPED_BASE + 0x200,
                                  .st_size = 1};
        put(to, &symbol, sizeof(symbol));
}

static void test_long_names(void **state _unused_)
{
        _cleanup_buf_ struct buf symbols = BUF_INIT(64 << 20), strings = BUF_INIT(64 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        put_times(&strings, 'a', TEXT);
        put_times(&strings, 0, 1);
        for (uint32_t i = 0; i < 100000; i++)
                put_symbol(&symbols, i);
        struct wrapped sections[] = {{".symtab", whole(&symbols)}, {".strtab", whole(&strings)}};
        assert_int_equal(find(sections, 2, &a, &f, 10), -ETIME);

        /* Without an end there are no names at all. */
        strings.data[TEXT] = 'a';
        assert_int_equal(find(sections, 2, &a, &f, 2), 0);
        assert_non_null(strstr(f.unknown, "no symbol"));
}

/* Each function says that its code is all of a long list. */
static void test_shared_ranges(void **state _unused_)
{
        static const uint8_t abbreviations[] = {1,    0x11, 1, 0, 0,  /* a unit, with children */
                                                2,    0x2e, 0,        /* a function */
                                                0x55, 0x17, 0, 0, 0}; /* its ranges */
        _cleanup_buf_ struct buf info = BUF_INIT(64 << 20), ranges = BUF_INIT(64 << 20),
                                 symbols = BUF_INIT(1024);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        const uint64_t range[2] = {WRAPPED_BASE + 0x200, WRAPPED_BASE + 0x201};
        enum { FUNCTIONS = 100000, RANGES = 65536 };
        const uint32_t size = 8 + FUNCTIONS * 5 + 1;
        const uint8_t head[] = {4, 0, 0, 0, 0, 0, 8, 1}; /* version 4, abbreviations at 0, 64 bit; the unit */
        put(&info, &size, sizeof(size));
        put(&info, head, sizeof(head));
        for (size_t i = 0; i < FUNCTIONS; i++)
                put(&info, "\2\0\0\0\0", 5);
        put_times(&info, 0, 1);
        for (size_t i = 0; i < RANGES; i++)
                put(&ranges, range, sizeof(range));
        put_times(&ranges, 0, sizeof(range));
        put_symbol(&symbols, 0);
        put_symbol(&symbols, 1);
        struct wrapped sections[] = {{".symtab", whole(&symbols)},
                                     {".strtab", SPAN("\0x")},
                                     {".debug_abbrev", {(const char *)abbreviations, sizeof(abbreviations)}},
                                     {".debug_ranges", whole(&ranges)},
                                     {".debug_info", whole(&info)}};
        sections[1].data.size = 3;
        assert_int_equal(find(sections, ARRAY_SIZE(sections), &a, &f, 10), 0);
        assert_null(f.unknown ? NULL : f.partial ? NULL : "a negative");
}

/* Units that share a long table, of which each reads all. */
static void test_units_that_share(void **state _unused_)
{
        _cleanup_buf_ struct buf abbreviations = BUF_INIT(64 << 20), info = BUF_INIT(64 << 20),
                                 symbols = BUF_INIT(1024);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        static const uint8_t unit[] = {8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8, 1}, last[] = {1, 0x11, 0, 0, 0, 0};
        for (uint32_t i = 2; i < 1 << 20; i++) {
                const uint8_t one[] = {(i & 127) | 128, (i >> 7 & 127) | 128, i >> 14, 0x0b, 0, 0, 0};
                put(&abbreviations, one, sizeof(one));
        }
        put(&abbreviations, last, sizeof(last));
        for (size_t i = 0; i < 1000; i++)
                put(&info, unit, sizeof(unit));
        put_symbol(&symbols, 0);
        put_symbol(&symbols, 1);
        struct wrapped sections[] = {{".symtab", whole(&symbols)},
                                     {".strtab", SPAN("\0x")},
                                     {".debug_abbrev", whole(&abbreviations)},
                                     {".debug_info", whole(&info)}};
        struct rusage before, after;
        sections[1].data.size = 3;
        getrusage(RUSAGE_SELF, &before);
        assert_int_equal(find(sections, ARRAY_SIZE(sections), &a, &f, 6), 0);
        getrusage(RUSAGE_SELF, &after);
        assert_true(after.ru_maxrss - before.ru_maxrss < 768 << 10);
        assert_null(f.unknown ? NULL : f.partial ? NULL : "a negative");
}

/* Blocks in blocks: who has no sibling is known at the end of all that it holds. */
static void test_deep_information(void **state _unused_)
{
        static const uint8_t abbreviations[] = {1, 0x11, 1, 0, 0, 2, 0x0b, 1, 0, 0, 0};
        _cleanup_buf_ struct buf info = BUF_INIT(64 << 20), symbols = BUF_INIT(1024);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        const uint32_t size = 8 + 8 * TEXT;
        const uint8_t head[] = {4, 0, 0, 0, 0, 0, 8, 1};
        put(&info, &size, sizeof(size));
        put(&info, head, sizeof(head));
        put_times(&info, 2, 8 * TEXT);
        put_symbol(&symbols, 0);
        put_symbol(&symbols, 1);
        struct wrapped sections[] = {{".symtab", whole(&symbols)},
                                     {".strtab", SPAN("\0x")},
                                     {".debug_abbrev", {(const char *)abbreviations, sizeof(abbreviations)}},
                                     {".debug_info", whole(&info)}};
        sections[1].data.size = 3;
        assert_int_equal(find(sections, ARRAY_SIZE(sections), &a, &f, 6), 0);
        assert_null(f.unknown ? NULL : f.partial ? NULL : "a negative");
}

/* Relocations that all could be the record that leads to the table. */
static void test_go_relocations(void **state _unused_)
{
        _cleanup_buf_ struct buf relocations = BUF_INIT(64 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        uint64_t table[1 + 8 + 8] = {0x08010000fffffff1, 1, 0, 0, 72, 0, 0, 72, 72};
        struct wrapped sections[] = {{".gopclntab", {(const char *)table, sizeof(table)}}, {".rela.dyn", {}}};
        for (uint64_t i = 0; i < 200000; i++) {
                const Elf64_Rela r = {0x10000000 + 8 * i, R_X86_64_RELATIVE,
                                      (int64_t)(WRAPPED_BASE + wrapped_offset(sections, 0))};
                put(&relocations, &r, sizeof(r));
        }
        sections[1].data = whole(&relocations);
        assert_int_equal(find(sections, 2, &a, &f, 5), 0);
        assert_non_null(f.unknown);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_long_names),       cmocka_unit_test(test_shared_ranges),
                cmocka_unit_test(test_units_that_share), cmocka_unit_test(test_deep_information),
                cmocka_unit_test(test_go_relocations),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
