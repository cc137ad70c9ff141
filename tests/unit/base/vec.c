/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void elements_stay_and_new_ones_are_zero(void **state _unused_)
{
        VEC(struct {
                int number;
                char rest[20];
        })
        v = {};
        vec_each (none, &v)
                fail_msg("an empty one has no elements, not even %p", (void *)none);
        for (int i = 0; i < 1000; i++) {
                __auto_type item = vec_add(&v);
                assert_non_null(item);
                assert_int_equal(item->number, 0);
                assert_int_equal(item->rest[19], 0);
                item->number = i;
                memset(item->rest, 'x', sizeof(item->rest));
        }
        int expected = 0;
        vec_each (item, &v)
                assert_int_equal(item->number, expected++);
        assert_int_equal(expected, 1000);
        vec_done(&v);
        assert_null(v.items);
        assert_int_equal(v.count + v.allocated, 0);
}

/* With AddressSanitizer an allocation that is too large shall fail as it does without. */
__attribute__((visibility("default"), used)) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}

/* The second size overflows, the first asks for more than there is. */
static void impossible_sizes_fail(void **state _unused_)
{
        size_t allocated = 0;
        assert_null(vec_grow(NULL, 0, &allocated, SIZE_MAX / 16));
        assert_null(vec_grow(NULL, 0, &allocated, SIZE_MAX / 4));
        assert_int_equal(allocated, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(elements_stay_and_new_ones_are_zero),
                cmocka_unit_test(impossible_sizes_fail),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
