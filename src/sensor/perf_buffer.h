/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Executable mappings as perf announces them (PERF_RECORD_MMAP2): one small buffer for each CPU. */

#include "base/buf.h"
#include "base/vec.h"
#include "sensor/perf_record.h"

struct perf_cpu {
        int fd, cpu;
        bool crowded; /* it was so full that a record may have found no room since */
        void *map;    /* control page and the data */
};

struct perf_pending {
        uint64_t time;
        size_t at; /* in `bytes` */
        uint16_t size;
};

struct perf_buffers {
        VEC(struct perf_cpu) cpus;
        size_t size; /* bytes of data for each CPU, a power of two */
        uint64_t lost, broken;
        /* Records fetched and not yet taken, in order of time. */
        struct buf bytes;
        VEC(struct perf_pending) pending;
        size_t taken;
};

/* Open on every CPU that is online, with at most `most` bytes of buffers in all. 0 or -errno. */
int perf_buffers_open(struct perf_buffers *p, size_t most);
void perf_buffers_done(struct perf_buffers *p);
/* Stop making records; what is there can still be fetched. */
void perf_buffers_stop(struct perf_buffers *p);
/* Once stopped and fetched: make the kernel tell what it lost last, to be fetched again. It writes that
 * with the next record only, and there may never be one. */
void perf_buffers_provoke_lost(struct perf_buffers *p);
/* The same while it runs, on the CPUs where something may have been lost; to be fetched afterwards. */
void perf_buffers_ask_lost(struct perf_buffers *p);
/* Open on CPUs that came online since. 0 or -errno. */
int perf_buffers_refresh(struct perf_buffers *p);
/* Copy out what lies in the buffers. Call when nothing is pending. 0 or -ENOMEM. */
int perf_buffers_fetch(struct perf_buffers *p);
/* The next record with a time up to `until`; false when there is none. */
bool perf_buffers_take(struct perf_buffers *p, uint64_t until, struct perf_record *ret);
size_t perf_buffers_bytes(const struct perf_buffers *p); /* kernel memory */
