/* SPDX-License-Identifier: Apache-2.0 */

/* The buffers of all CPUs are emptied into one array that is sorted by time, so that the reader can weave
 * the records between those of the BPF ring, which carry the same clock. */

#include "sensor/perf_buffer.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

enum { CPUS_MOST = 8192, SIZE_MOST = 1 << 20, RECORD_MOST = 4096 + 512 };

static size_t page_size(void)
{
        return (size_t)sysconf(_SC_PAGESIZE);
}

static int cpu_open(struct perf_buffers *p, int cpu)
{
        struct perf_event_attr attr = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_SW_DUMMY,
                .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
                .sample_id_all = 1,
                .mmap = 1,
                .mmap2 = 1,
                .comm = 1, /* a program is mapped before its exec is told, and after its name is set */
                .use_clockid = 1,
                .clockid = CLOCK_BOOTTIME,
                .watermark = 1,
                .wakeup_watermark = (uint32_t)p->size / 4,
        };
        _cleanup_close_ int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (fd < 0)
                return -errno;
        void *map = mmap(NULL, page_size() + p->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        struct perf_cpu *slot = vec_add(&p->cpus);
        if (!slot) {
                munmap(map, page_size() + p->size);
                return -ENOMEM;
        }
        *slot = (struct perf_cpu){.fd = TAKE_FD(fd), .cpu = cpu, .map = map};
        return 0;
}

static bool cpu_is_open(const struct perf_buffers *p, int cpu)
{
        vec_each (c, &p->cpus)
                if (c->cpu == cpu)
                        return true;
        return false;
}

/* "0-3,8": calls for each number until one fails. */
static int each_cpu(struct span list, int (*call)(struct perf_buffers *, int), struct perf_buffers *p)
{
        struct span piece, first;
        while (span_cut(&list, ',', &piece)) {
                uint64_t from, to;
                if (!span_cut(&piece, '-', &first) || span_to_u64(first, 10, &from) < 0)
                        return -EBADMSG;
                to = from;
                if (piece.size && span_to_u64(piece, 10, &to) < 0)
                        return -EBADMSG;
                for (uint64_t cpu = from; cpu <= to && cpu < CPUS_MOST; cpu++) {
                        int r = call(p, (int)cpu);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int open_missing(struct perf_buffers *p, int cpu)
{
        if (cpu_is_open(p, cpu))
                return 0;
        int r = cpu_open(p, cpu);
        return r == -ENODEV ? 0 : r; /* went offline meanwhile */
}

int perf_buffers_refresh(struct perf_buffers *p)
{
        _cleanup_buf_ struct buf online = BUF_INIT(64 * 1024);
        int r = file_read_at(AT_FDCWD, "/sys/devices/system/cpu/online", &online);
        if (r < 0)
                return r;
        return each_cpu(span_trim((struct span){online.data, online.size}), open_missing, p);
}

int perf_buffers_open(struct perf_buffers *p, size_t most)
{
        long possible = sysconf(_SC_NPROCESSORS_CONF);
        size_t share = most / (size_t)MAX(possible, 1L);
        *p = (struct perf_buffers){.size = page_size(), .bytes = BUF_INIT(most + SIZE_MOST)};
        while (p->size * 2 + page_size() <= share && p->size < SIZE_MOST)
                p->size *= 2;
        int r = perf_buffers_refresh(p);
        if (r >= 0 && !p->cpus.count)
                r = -ENODEV;
        if (r < 0)
                perf_buffers_done(p);
        return r;
}

void perf_buffers_done(struct perf_buffers *p)
{
        vec_each (c, &p->cpus) {
                munmap(c->map, page_size() + p->size);
                close(c->fd);
        }
        vec_done(&p->cpus);
        vec_done(&p->pending);
        buf_done(&p->bytes);
}

void perf_buffers_stop(struct perf_buffers *p)
{
        vec_each (c, &p->cpus)
                ioctl(c->fd, PERF_EVENT_IOC_DISABLE, 0);
}

/* A mapping of our own on that CPU, which the kernel has to write of. */
static void map_on(int cpu)
{
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof(one), &one) < 0)
                return;
        void *map = mmap(NULL, page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (map != MAP_FAILED)
                munmap(map, page_size());
}

void perf_buffers_provoke_lost(struct perf_buffers *p)
{
        cpu_set_t before;
        if (sched_getaffinity(0, sizeof(before), &before) < 0)
                return;
        vec_each (c, &p->cpus) {
                if (c->cpu >= CPU_SETSIZE)
                        continue;
                ioctl(c->fd, PERF_EVENT_IOC_ENABLE, 0);
                map_on(c->cpu);
                ioctl(c->fd, PERF_EVENT_IOC_DISABLE, 0);
        }
        sched_setaffinity(0, sizeof(before), &before);
}

void perf_buffers_ask_lost(struct perf_buffers *p)
{
        cpu_set_t before;
        bool asked = false;
        vec_each (c, &p->cpus) {
                if (!c->crowded || c->cpu >= CPU_SETSIZE)
                        continue;
                if (!asked && sched_getaffinity(0, sizeof(before), &before) < 0)
                        return;
                asked = true;
                map_on(c->cpu);
        }
        if (asked)
                sched_setaffinity(0, sizeof(before), &before);
}

/* Bytes of the ring from `at` on, which may wrap. */
static void ring_copy(const struct perf_buffers *p, const struct perf_cpu *c, uint64_t at, void *to,
                      size_t size)
{
        const char *data = (const char *)c->map + page_size();
        size_t from = at & (p->size - 1), first = MIN(size, p->size - from);
        memcpy(to, data + from, first);
        memcpy((char *)to + first, data, size - first);
}

static int fetch_record(struct perf_buffers *p, const struct perf_cpu *c, uint64_t at, uint16_t size)
{
        struct perf_record record;
        char *to = buf_reserve(&p->bytes, size);
        if (!to)
                return -ENOMEM;
        ring_copy(p, c, at, to, size);
        if (perf_record_decode(to, size, &record) < 0) {
                p->broken++;
                return 0;
        }
        if (record.kind == PERF_RECORD_IS_LOST)
                p->lost += record.lost;
        /* Anonymous code and the vDSO are no files. */
        if (record.kind != PERF_RECORD_IS_COMM && (record.kind != PERF_RECORD_IS_MAP || !record.inode))
                return 0;
        struct perf_pending *slot = vec_add(&p->pending);
        if (!slot)
                return -ENOMEM;
        *slot = (struct perf_pending){.time = record.time, .at = p->bytes.size, .size = size};
        buf_grow(&p->bytes, size);
        return 0;
}

static int fetch_cpu(struct perf_buffers *p, struct perf_cpu *c)
{
        struct perf_event_mmap_page *control = c->map;
        uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE), tail = control->data_tail;
        int r = 0;
        /* Whatever was lost before the newest record is told in front of it. */
        if (head != tail)
                c->crowded = p->size - (head - tail) < MIN((size_t)RECORD_MOST, p->size / 2);
        while (r >= 0 && head - tail >= sizeof(struct perf_event_header)) {
                struct perf_event_header header;
                ring_copy(p, c, tail, &header, sizeof(header));
                if (header.size < sizeof(header) || header.size > head - tail) {
                        p->broken++; /* cannot be walked any further */
                        tail = head;
                        break;
                }
                r = fetch_record(p, c, tail, header.size);
                if (r >= 0)
                        tail += header.size;
        }
        __atomic_store_n(&control->data_tail, tail, __ATOMIC_RELEASE);
        return r;
}

static int by_time(const void *a, const void *b)
{
        const struct perf_pending *x = a, *y = b;
        return x->time < y->time ? -1 : x->time > y->time ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

int perf_buffers_fetch(struct perf_buffers *p)
{
        int r = 0;
        buf_clear(&p->bytes);
        p->pending.count = p->taken = 0;
        vec_each (c, &p->cpus) {
                r = fetch_cpu(p, c);
                if (r < 0)
                        break;
        }
        if (p->pending.count)
                qsort(p->pending.items, p->pending.count, sizeof(*p->pending.items), by_time);
        return r;
}

bool perf_buffers_take(struct perf_buffers *p, uint64_t until, struct perf_record *ret)
{
        if (p->taken >= p->pending.count || p->pending.items[p->taken].time > until)
                return false;
        const struct perf_pending *next = &p->pending.items[p->taken++];
        return perf_record_decode(p->bytes.data + next->at, next->size, ret) >= 0;
}

size_t perf_buffers_bytes(const struct perf_buffers *p)
{
        return p->cpus.count * (page_size() + p->size);
}
