/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wire.h"

#include <errno.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void put_all(struct buf *b)
{
        wire_put_u64(b, UINT64_MAX);
        wire_put_str(b, "name");
        wire_put_str(b, NULL);
        wire_put_str(b, "");
        wire_put_bytes(b, "a\0b", 3);
}

static void what_is_put_comes_out(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);
        _cleanup_arena_ struct arena a = ARENA_INIT(1024);
        put_all(&b);
        struct wire w = WIRE_INIT(b.data, b.size);
        assert_true(wire_get_u64(&w) == UINT64_MAX);
        assert_string_equal(wire_get_str(&w, &a), "name");
        assert_null(wire_get_str(&w, &a));
        assert_string_equal(wire_get_str(&w, &a), "");
        struct span bytes = wire_get_bytes(&w);
        assert_int_equal(bytes.size, 3);
        assert_memory_equal(bytes.data, "a\0b", 3);
        assert_int_equal(wire_end(&w), 0);
}

/* Every cut of a message fails, and says so at the end. */
static void cut_messages_fail(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);
        put_all(&b);
        for (size_t size = 0; size < b.size; size++) {
                _cleanup_arena_ struct arena a = ARENA_INIT(1024);
                _cleanup_free_ char *exact = malloc(size ? size : 1); /* so that sanitizers see the end */
                memcpy(exact, b.data, size);
                struct wire w = WIRE_INIT(exact, size);
                wire_get_u64(&w);
                for (int i = 0; i < 3; i++)
                        wire_get_str(&w, &a);
                wire_get_bytes(&w);
                assert_int_equal(wire_end(&w), -EBADMSG);
        }
}

static void failure_sticks(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);
        _cleanup_arena_ struct arena a = ARENA_INIT(1024);
        wire_put_u64(&b, 9);
        wire_put_u64(&b, 1);
        struct wire w = WIRE_INIT(b.data, b.size);
        assert_int_equal(wire_get_max(&w, 8), 0);
        assert_int_equal(wire_get_u64(&w), 0); /* not the 1 that is there */
        assert_null(wire_get_str(&w, &a));
        assert_null(wire_get_bytes(&w).data);
        assert_int_equal(wire_end(&w), -EBADMSG);
        w = WIRE_INIT(b.data, b.size);
        assert_int_equal(wire_get_max(&w, 9), 9);
        assert_int_equal(wire_end(&w), -EBADMSG); /* something is left */
}

static void lengths_are_not_believed(void **state _unused_)
{
        static const uint64_t lengths[] = {UINT64_MAX - 1, UINT64_MAX - 7, 1ull << 63, 9};
        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(1024);
                _cleanup_arena_ struct arena a = ARENA_INIT(1024);
                wire_put_u64(&b, lengths[i]);
                buf_add(&b, "12345678", 8);
                struct wire w = WIRE_INIT(b.data, b.size);
                assert_null(wire_get_str(&w, &a));
                assert_true(w.failed);
                w = WIRE_INIT(b.data, b.size);
                assert_int_equal(wire_get_bytes(&w).size, 0);
                assert_true(w.failed);
        }
}

static void a_full_arena_is_a_failure(void **state _unused_)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);
        _cleanup_arena_ struct arena a = ARENA_INIT(16);
        wire_put_str(&b, "seventeen letters");
        struct wire w = WIRE_INIT(b.data, b.size);
        assert_null(wire_get_str(&w, &a));
        assert_int_equal(wire_end(&w), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_put_comes_out),
                cmocka_unit_test(cut_messages_fail),
                cmocka_unit_test(failure_sticks),
                cmocka_unit_test(lengths_are_not_believed),
                cmocka_unit_test(a_full_arena_is_a_failure),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
