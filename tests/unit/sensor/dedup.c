/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/dedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static bool is_new(struct dedup *d, uint64_t owner, uint64_t inode)
{
        struct dedup_key key = {.owner = owner, .inode = inode, .path = 1};
        return dedup_is_new(d, &key);
}

static void test_first_only(void **state)
{
        (void)state;
        struct dedup d;
        assert_int_equal(dedup_init(&d, 8), 0);
        assert_true(is_new(&d, 1, 10));
        assert_false(is_new(&d, 1, 10));
        assert_true(is_new(&d, 2, 10)); /* another workload maps the same file */
        assert_true(is_new(&d, 1, 11));
        assert_false(is_new(&d, 2, 10));
        dedup_done(&d);
}

static void test_every_field_counts(void **state)
{
        (void)state;
        struct dedup d;
        struct dedup_key key = {.owner = 1, .inode = 2, .generation = 3, .path = 5, .device = 6};
        assert_int_equal(dedup_init(&d, 64), 0);
        assert_true(dedup_is_new(&d, &key));
        uint64_t *fields[] = {&key.owner, &key.inode, &key.generation, &key.path};
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                *fields[i] += 100;
                assert_true(dedup_is_new(&d, &key));
                *fields[i] -= 100;
        }
        key.device++;
        assert_true(dedup_is_new(&d, &key));
        key.device--;
        key.by_process = 1;
        assert_true(dedup_is_new(&d, &key));
        key.by_process = 0;
        assert_false(dedup_is_new(&d, &key));
        dedup_done(&d);
}

/* However many keys pass: at least the last `room` are known, and one that is met again and again is
 * never forgotten. */
static void test_bounded(void **state)
{
        (void)state;
        enum { ROOM = 16 };
        struct dedup d;
        assert_int_equal(dedup_init(&d, ROOM), 0);
        assert_true(is_new(&d, 7, 7));
        for (uint64_t i = 0; i < 10000; i++) {
                assert_true(is_new(&d, 1, i));
                for (uint64_t back = 0; back < MIN(i, (uint64_t)ROOM / 2); back++)
                        assert_false(is_new(&d, 1, i - back));
                assert_false(is_new(&d, 7, 7));
        }
        assert_true(is_new(&d, 1, 0)); /* long forgotten */
        dedup_done(&d);
}

static void test_what_is_forgotten_is_new(void **state)
{
        (void)state;
        struct dedup d;
        assert_int_equal(dedup_init(&d, 8), 0);
        for (uint64_t inode = 1; inode <= 10; inode++) /* in both sets */
                assert_true(is_new(&d, 1, inode));
        dedup_forget(&d, 2);
        dedup_forget(&d, 10);
        dedup_forget(&d, 99);
        for (uint64_t inode = 1; inode <= 3; inode++)
                assert_int_equal(is_new(&d, 1, inode), inode == 2);
        assert_false(is_new(&d, 1, 9));
        assert_true(is_new(&d, 1, 10));
        assert_false(is_new(&d, 1, 2));
        dedup_done(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_forgotten_is_new),
                cmocka_unit_test(test_first_only),
                cmocka_unit_test(test_every_field_counts),
                cmocka_unit_test(test_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
