/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/perf_record.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct map_record {
        struct perf_event_header header;
        uint32_t pid, tid;
        uint64_t address, size, offset;
        uint32_t major, minor;
        uint64_t inode, generation;
        uint32_t protection, flags;
        char path[16];
        uint32_t sample_pid, sample_tid;
        uint64_t time;
};

static struct map_record make_map(void)
{
        return (struct map_record){.header = {.type = PERF_RECORD_MMAP2, .size = sizeof(struct map_record)},
                                   .pid = 10,
                                   .tid = 11,
                                   .address = 0x1000,
                                   .size = 0x2000,
                                   .offset = 0x3000,
                                   .major = 8,
                                   .minor = 3,
                                   .inode = 77,
                                   .generation = 5,
                                   .path = "/lib/x.so",
                                   .time = 123};
}

static void test_map(void **state)
{
        (void)state;
        struct map_record m = make_map();
        struct perf_record p;
        assert_int_equal(perf_record_decode(&m, sizeof(m), &p), 0);
        assert_int_equal(p.kind, PERF_RECORD_IS_MAP);
        assert_int_equal(p.tgid, 10);
        assert_int_equal(p.tid, 11);
        assert_int_equal(p.time, 123);
        assert_int_equal(p.inode, 77);
        assert_int_equal(p.generation, 5);
        assert_int_equal(p.device, 8 << 20 | 3);
        assert_int_equal(p.offset, 0x3000);
        assert_string_equal(p.path, "/lib/x.so");
}

static void test_lost_and_other(void **state)
{
        (void)state;
        struct {
                struct perf_event_header header;
                uint64_t id, lost;
                uint32_t pid, tid;
                uint64_t time;
        } lost = {.header = {.type = PERF_RECORD_LOST, .size = sizeof(lost)}, .lost = 9, .time = 4};
        struct perf_record p;
        assert_int_equal(perf_record_decode(&lost, sizeof(lost), &p), 0);
        assert_int_equal(p.kind, PERF_RECORD_IS_LOST);
        assert_int_equal(p.lost, 9);
        lost.header.type = PERF_RECORD_THROTTLE;
        assert_int_equal(perf_record_decode(&lost, sizeof(lost), &p), 0);
        assert_int_equal(p.kind, PERF_RECORD_IS_OTHER);
}

static void test_comm(void **state)
{
        (void)state;
        struct {
                struct perf_event_header header;
                uint32_t pid, tid;
                char comm[8];
                uint32_t sample_pid, sample_tid;
                uint64_t time;
        } comm = {.header = {.type = PERF_RECORD_COMM, .size = sizeof(comm)},
                  .pid = 3,
                  .tid = 4,
                  .comm = "nginx"};
        struct perf_record p;
        assert_int_equal(perf_record_decode(&comm, sizeof(comm), &p), 0);
        assert_int_equal(p.kind, PERF_RECORD_IS_COMM);
        assert_int_equal(p.tgid, 3);
        assert_int_equal(p.tid, 4);
        assert_string_equal(p.comm, "nginx");
        memset(comm.comm, 'x', sizeof(comm.comm));
        assert_int_equal(perf_record_decode(&comm, sizeof(comm), &p), -EBADMSG);
}

static void test_refused(void **state)
{
        (void)state;
        struct map_record m = make_map();
        struct perf_record p = {.inode = 4711};
        for (size_t size = 0; size < sizeof(m); size++)
                assert_int_equal(perf_record_decode(&m, size, &p), -EBADMSG);
        memset(m.path, 'x', sizeof(m.path)); /* no NUL */
        assert_int_equal(perf_record_decode(&m, sizeof(m), &p), -EBADMSG);
        m = make_map();
        m.header.misc = PERF_RECORD_MISC_MMAP_BUILD_ID; /* would hold no inode */
        assert_int_equal(perf_record_decode(&m, sizeof(m), &p), -EBADMSG);
        assert_int_equal(p.inode, 4711);
        /* Shortened consistently: the fixed part does not fit any more. */
        m = make_map();
        m.header.size = sizeof(m.header) + 16 + 32;
        assert_int_equal(perf_record_decode(&m, m.header.size, &p), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_map),
                cmocka_unit_test(test_lost_and_other),
                cmocka_unit_test(test_comm),
                cmocka_unit_test(test_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
