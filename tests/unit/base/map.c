/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { KEYS = 5000 };

/* Against an array that cannot be wrong: a long random sequence of additions and removals. */
static void it_agrees_with_an_array(void **state _unused_)
{
        static uint32_t keys[KEYS];
        static void *there[KEYS];
        _cleanup_map_ struct map m = {};
        uint32_t random = 1;
        for (uint32_t i = 0; i < KEYS; i++)
                keys[i] = i;
        for (int step = 0; step < 200000; step++) {
                random = random * 1664525 + 1013904223;
                uint32_t i = (random >> 8) % KEYS;
                if (random >> 31) {
                        there[i] = &keys[(i + (uint32_t)step) % KEYS];
                        assert_int_equal(map_put(&m, &keys[i], sizeof(keys[i]), there[i]), 0);
                } else {
                        assert_ptr_equal(map_remove(&m, &keys[i], sizeof(keys[i])), there[i]);
                        there[i] = NULL;
                }
        }
        size_t expected = 0, walked = 0, iterator = 0;
        const void *key;
        void *value;
        size_t size;
        for (uint32_t i = 0; i < KEYS; i++) {
                assert_ptr_equal(map_get(&m, &keys[i], sizeof(keys[i])), there[i]);
                expected += there[i] != NULL;
        }
        while (map_next(&m, &iterator, &key, &size, &value)) {
                assert_int_equal(size, sizeof(uint32_t));
                assert_ptr_equal(value, there[*(const uint32_t *)key]);
                walked++;
        }
        assert_int_equal(walked, expected);
        assert_int_equal(m.count, expected);
}

/* A table that is filled and emptied for ever must not grow for ever. */
static void removals_leave_no_residue(void **state _unused_)
{
        static uint64_t keys[100000];
        _cleanup_map_ struct map m = {};
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                keys[i] = i;
                assert_int_equal(map_put(&m, &keys[i], sizeof(keys[i]), &keys[i]), 0);
                if (i >= 10)
                        assert_ptr_equal(map_remove(&m, &keys[i - 10], sizeof(keys[0])), &keys[i - 10]);
        }
        assert_true(m.allocated <= 256);
}

static void keys_are_bytes(void **state _unused_)
{
        _cleanup_map_ struct map m = {};
        int one = 1, two = 2, three = 3;
        assert_null(map_get_str(&m, "a"));
        assert_null(map_remove(&m, "a", 1));
        assert_int_equal(map_put(&m, "a\0b", 3, &one), 0);
        assert_int_equal(map_put_str(&m, "a", &two), 0);
        assert_int_equal(map_put_str(&m, "", &three), 0);
        assert_ptr_equal(map_get(&m, "a\0b", 3), &one);
        assert_ptr_equal(map_get_str(&m, "a"), &two);
        assert_ptr_equal(map_get_str(&m, ""), &three);
        assert_int_equal(map_put_str(&m, "a", &three), 0); /* replaced */
        assert_ptr_equal(map_get_str(&m, "a"), &three);
        assert_ptr_equal(map_remove(&m, "a", 1), &three);
        assert_null(map_get_str(&m, "a"));
        assert_ptr_equal(map_get(&m, "a\0b", 3), &one);
}

static void the_hash_depends_on_every_byte(void **state _unused_)
{
        char text[32];
        memset(text, 'x', sizeof(text));
        uint64_t hash = map_hash(text, sizeof(text));
        assert_true(hash == map_hash(text, sizeof(text)) && hash != 0);
        for (size_t i = 0; i < sizeof(text); i++) {
                text[i] ^= 1;
                assert_true(map_hash(text, sizeof(text)) != hash);
                text[i] ^= 1;
                assert_true(map_hash(text, i) != hash);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_agrees_with_an_array),
                cmocka_unit_test(removals_leave_no_residue),
                cmocka_unit_test(keys_are_bytes),
                cmocka_unit_test(the_hash_depends_on_every_byte),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
