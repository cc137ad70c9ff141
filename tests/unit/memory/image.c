/* SPDX-License-Identifier: Apache-2.0 */
#include "memory/image.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BASE = 0x100000, PAGES = 8 };

/* A process of a few pages: byte n of it is n modulo 251. Pages that are not there are never asked for. */
struct fake {
        char bytes[PAGES * IMAGE_PAGE];
        bool there[PAGES];
        unsigned reads;
        int fails;
};

static int fake_read(void *context, struct remote_piece *pieces, size_t count)
{
        struct fake *f = context;
        if (f->fails)
                return f->fails;
        for (size_t n = 0; n < count; n++) {
                uint64_t at = pieces[n].address - BASE;
                pieces[n].got = at < sizeof(f->bytes) ? MIN(pieces[n].size, sizeof(f->bytes) - at) : 0;
                memcpy(pieces[n].to, f->bytes + at, pieces[n].got);
                f->reads++;
                for (uint64_t page = at / IMAGE_PAGE; page * IMAGE_PAGE < at + pieces[n].got; page++)
                        assert_true(f->there[page]);
        }
        return 0;
}

static int fake_presence(void *context, uint64_t page, uint64_t *to, size_t count)
{
        const struct fake *f = context;
        for (size_t n = 0; n < count; n++) {
                uint64_t at = page + n - BASE / IMAGE_PAGE;
                to[n] = at < PAGES && f->there[at] ? 1ull << 63 : at == 5 ? 1ull << 62 : 0;
        }
        return 0;
}

static const struct image_area areas[] = {
        {BASE, BASE + 6 * IMAGE_PAGE, 0, true, true, false, false, ""},
        {BASE + 6 * IMAGE_PAGE, BASE + 7 * IMAGE_PAGE, 0, true, false, true, false, "/bin/x"},
        {BASE + 7 * IMAGE_PAGE, BASE + 8 * IMAGE_PAGE, 0, false, false, false, false, ""},
};

static void open_fake(struct fake *f, struct image *i, uint64_t bytes)
{
        *f = (struct fake){.there = {true, true, false, true, true, false, true, true}};
        for (size_t n = 0; n < sizeof(f->bytes); n++)
                f->bytes[n] = (char)(n % 251);
        struct image_source source = {f, fake_read, fake_presence};
        assert_int_equal(
                image_open(i, &source, areas, ARRAY_SIZE(areas), (struct image_budget){bytes, UINT64_MAX}),
                0);
}

static void test_areas(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        open_fake(&f, &i, 1 << 20);
        assert_null(image_area_at(&i, BASE - 1));
        assert_ptr_equal(image_area_at(&i, BASE), &areas[0]);
        assert_ptr_equal(image_area_at(&i, BASE + 6 * IMAGE_PAGE - 1), &areas[0]);
        assert_ptr_equal(image_area_at(&i, BASE + 6 * IMAGE_PAGE), &areas[1]);
        assert_null(image_area_at(&i, BASE + 8 * IMAGE_PAGE));
        (void)state;
}

static void test_reads_only_what_is_there(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        char bytes[300];
        open_fake(&f, &i, 1 << 20);
        assert_int_equal(image_read(&i, BASE + IMAGE_PAGE - 100, bytes, 300), 0); /* over a border */
        assert_memory_equal(bytes, f.bytes + IMAGE_PAGE - 100, 300);
        assert_int_equal(image_read(&i, BASE + 2 * IMAGE_PAGE - 1, bytes, 2), -EFAULT);
        assert_int_equal(image_read(&i, BASE + 7 * IMAGE_PAGE, bytes, 1), -EFAULT); /* not readable */
        assert_int_equal(image_read(&i, UINT64_MAX - 1, bytes, 8), -EFAULT);
        assert_int_equal(image_u64(&i, BASE + 2 * IMAGE_PAGE), 0);
        uint64_t word;
        memcpy(&word, f.bytes + 8, sizeof(word));
        assert_int_equal(image_u64(&i, BASE + 8), word);
        assert_int_equal(image_u32(&i, BASE + 8), (uint32_t)word);
        assert_true(image_present(&i, BASE + 3 * IMAGE_PAGE));
        assert_false(image_present(&i, BASE + 5 * IMAGE_PAGE));
        assert_true(image_present(&i, BASE + 6 * IMAGE_PAGE)); /* a file's: without asking */
        assert_false(image_present(&i, BASE + 7 * IMAGE_PAGE));
        assert_true(i.swapped > 0);
        (void)state;
}

static void test_reads_a_page_once(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        open_fake(&f, &i, 1 << 20);
        for (unsigned n = 0; n < 100; n++)
                image_u64(&i, BASE + 8 * n);
        assert_int_equal(f.reads, 1);
        assert_int_equal(i.bytes, IMAGE_PAGE);
        (void)state;
}

static void test_strings(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        char text[16];
        open_fake(&f, &i, 1 << 20);
        memcpy(f.bytes + IMAGE_PAGE - 3, "across", 7);
        memset(f.bytes + 2 * IMAGE_PAGE - 4, 'x', 4);
        assert_int_equal(image_string(&i, BASE + IMAGE_PAGE - 3, text, sizeof(text)), 6);
        assert_string_equal(text, "across");
        assert_int_equal(image_string(&i, BASE + IMAGE_PAGE - 3, text, 6), -EFAULT);      /* no room */
        assert_int_equal(image_string(&i, BASE + 2 * IMAGE_PAGE - 4, text, 16), -EFAULT); /* no end */
        (void)state;
}

struct seen {
        uint64_t bytes;
        unsigned runs;
        const struct fake *f;
};

static bool want_writable(void *context, const struct image_area *area)
{
        return context && area->writable;
}

static int take_run(void *context, uint64_t address, const void *bytes, size_t size)
{
        struct seen *s = context;
        assert_memory_equal(bytes, s->f->bytes + (address - BASE), size);
        s->bytes += size;
        s->runs++;
        return 0;
}

static void test_scan(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        struct seen s = {.f = &f};
        uint64_t cursor = 0;
        open_fake(&f, &i, 1 << 20);
        assert_int_equal(image_scan(&i, &cursor, want_writable, take_run, &s), 0);
        assert_int_equal(s.bytes, 4 * IMAGE_PAGE);
        assert_int_equal(s.runs, 2); /* pages 0 and 1, 3 and 4 */
        (void)state;
}

/* The budget ends it, and the next look goes on where it stood. */
static void test_budget(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        struct seen s = {.f = &f};
        uint64_t cursor = 0;
        open_fake(&f, &i, IMAGE_PAGE);
        assert_int_equal(image_scan(&i, &cursor, want_writable, take_run, &s), 1);
        assert_int_equal(i.failed, -EDQUOT);
        assert_int_equal(image_read(&i, BASE + 3 * IMAGE_PAGE, &(char){0}, 1), -EDQUOT);
        assert_int_equal(s.bytes, 2 * IMAGE_PAGE);
        image_extend(&i, 4);
        assert_false(image_spent(&i));
        assert_int_equal(image_scan(&i, &cursor, want_writable, take_run, &s), 0);
        assert_int_equal(s.bytes, 4 * IMAGE_PAGE);
        (void)state;
}

static void test_gone(void **state)
{
        struct fake f;
        _cleanup_image_ struct image i;
        struct seen s = {.f = &f};
        uint64_t cursor = 0;
        char byte;
        open_fake(&f, &i, 1 << 20);
        f.fails = -ESRCH;
        assert_int_equal(image_read(&i, BASE, &byte, 1), -ESRCH);
        f.fails = 0;
        assert_int_equal(image_read(&i, BASE + IMAGE_PAGE, &byte, 1), -ESRCH); /* for good */
        assert_int_equal(image_scan(&i, &cursor, want_writable, take_run, &s), -ESRCH);
        (void)state;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_areas),
                cmocka_unit_test(test_reads_only_what_is_there),
                cmocka_unit_test(test_reads_a_page_once),
                cmocka_unit_test(test_strings),
                cmocka_unit_test(test_scan),
                cmocka_unit_test(test_budget),
                cmocka_unit_test(test_gone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
