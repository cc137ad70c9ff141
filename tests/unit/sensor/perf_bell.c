/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/perf_bell.h"

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* As the kernel tells whether a record finds room (CIRC_SPACE of linux/circ_buf.h). */
static uint64_t room_of(const struct perf_event_mmap_page *control)
{
        return (control->data_tail - (control->data_head + 1)) & ((uint64_t)sysconf(_SC_PAGESIZE) - 1);
}

static void test_room_for_few(void **state)
{
        (void)state;
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        struct perf_event_mmap_page *control = aligned_alloc(page, 2 * page);
        struct perf_bells b;
        assert_non_null(control);
        memset(control, 0, 2 * page);
        assert_int_equal(perf_bells_open(&b), 0);
        struct perf_bell *bell = vec_add(&b.cpus);
        assert_non_null(bell);
        *bell = (struct perf_bell){.fd = -1, .map = control};
        for (uint64_t head = 0; head < 3 * page; head += 120) {
                control->data_head = head;
                perf_bells_set(&b);
                assert_false(perf_bells_rang(&b));
                assert_int_equal(room_of(control), 512);
                control->data_head += 504;
                assert_true(perf_bells_rang(&b));
                assert_int_equal(room_of(control), 8);
        }
        b.cpus.count = 0;
        perf_bells_done(&b);
        vec_done(&b.cpus);
        free(control);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_room_for_few)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
