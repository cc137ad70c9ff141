/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/perf_buffer.h"

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the kernel would share with us: a control page, and the data behind it. */
static void *make_map(size_t size)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        void *map = aligned_alloc(page, page + size);
        assert_non_null(map);
        memset(map, 0, page + size);
        return map;
}

/* One record of a kind that nobody asks for. */
static void write_record(const struct perf_buffers *p, void *map, size_t size)
{
        struct perf_event_mmap_page *control = map;
        char *data = (char *)map + sysconf(_SC_PAGESIZE);
        struct perf_event_header header = {.type = PERF_RECORD_THROTTLE, .size = (uint16_t)size};
        memcpy(data + (control->data_head & (p->size - 1)), &header, sizeof(header));
        control->data_head += size;
}

/* A record is dropped only where there is no room for it, and the kernel tells of that with the next one that
 * it can write: until then something may be lost that nobody knows of. */
static void test_a_loss_that_was_not_told_yet(void **state)
{
        (void)state;
        struct perf_buffers p = {.size = 65536, .bytes = BUF_INIT(1 << 20)};
        struct perf_cpu *cpu = vec_add(&p.cpus);
        assert_non_null(cpu);
        *cpu = (struct perf_cpu){.fd = -1, .cpu = 0, .map = make_map(p.size)};
        write_record(&p, cpu->map, 4096);
        assert_int_equal(perf_buffers_fetch(&p), 0);
        assert_false(cpu->crowded);
        for (int i = 0; i < 15; i++)
                write_record(&p, cpu->map, 4096);
        assert_int_equal(perf_buffers_fetch(&p), 0);
        assert_true(cpu->crowded);
        assert_int_equal(perf_buffers_fetch(&p), 0);
        assert_true(cpu->crowded); /* nothing came since */
        write_record(&p, cpu->map, 64);
        assert_int_equal(perf_buffers_fetch(&p), 0);
        assert_false(cpu->crowded);
        free(cpu->map);
        vec_done(&p.cpus);
        vec_done(&p.pending);
        buf_done(&p.bytes);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_loss_that_was_not_told_yet),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
