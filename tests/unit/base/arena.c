/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void pieces_are_zeroed_aligned_and_apart(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(64 << 20);
        struct {
                unsigned char *bytes;
                size_t size;
        } pieces[500];
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                pieces[i].size = (i * 7919) % (i % 50 ? 300 : 100000);
                pieces[i].bytes = arena_alloc(&a, pieces[i].size);
                assert_non_null(pieces[i].bytes);
                assert_int_equal((uintptr_t)pieces[i].bytes % 16, 0);
                for (size_t k = 0; k < pieces[i].size; k++)
                        assert_int_equal(pieces[i].bytes[k], 0);
                memset(pieces[i].bytes, (int)(i % 255) + 1, pieces[i].size);
        }
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
                for (size_t k = 0; k < pieces[i].size; k++)
                        assert_int_equal(pieces[i].bytes[k], i % 255 + 1);
}

static void the_limit_holds_for_crumbs_too(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1600);
        size_t count = 0;
        while (count < 10000 && arena_alloc(&a, 1))
                count++;
        assert_int_equal(count, 100); /* each takes 16 bytes */
        assert_null(arena_strdup(&a, "x"));
        arena_done(&a);
        assert_non_null(arena_alloc(&a, 1600));
}

static void sizes_do_not_overflow(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(SIZE_MAX);
        assert_null(arena_alloc(&a, SIZE_MAX));
        assert_null(arena_alloc(&a, SIZE_MAX - 7));
        assert_null(arena_strndup(&a, "x", SIZE_MAX));
}

static void strings(void **state _unused_)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        assert_null(arena_strdup(&a, NULL));
        assert_string_equal(arena_strdup(&a, ""), "");
        assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
        assert_string_equal(arena_printf(&a, "%s-%d", "x", 7), "x-7");
        const char *wide = arena_printf(&a, "%100000d", 1);
        assert_int_equal(strlen(wide), 100000);
        assert_null(arena_printf(&a, "%2000000d", 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
                cmocka_unit_test(the_limit_holds_for_crumbs_too),
                cmocka_unit_test(sizes_do_not_overflow),
                cmocka_unit_test(strings),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
