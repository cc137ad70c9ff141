/* SPDX-License-Identifier: Apache-2.0 */

/* Perf wakes its reader by how full a buffer is: at each record, which whoever maps something pays for, or
 * long after the first. So there is a second event on each CPU, whose buffer nobody reads and which leaves
 * room for few records: they wake us, and the others find it full, which wakes nobody (__perf_output_begin in
 * kernel/events/ring_buffer.c). To set a bell is to make that room again: the kernel takes any tail that it
 * is told. A mapping of a path too long for the room is not heard. */

#include "sensor/perf_bell.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { ROOM = 512 /* bytes: some four records of ordinary paths */, FETCHED = 32 };

static size_t page_size(void)
{
        return (size_t)sysconf(_SC_PAGESIZE);
}

int perf_bells_open(struct perf_bells *b)
{
        *b = (struct perf_bells){.epoll = epoll_create1(EPOLL_CLOEXEC)};
        return b->epoll < 0 ? -errno : 0;
}

void perf_bells_done(struct perf_bells *b)
{
        vec_each (bell, &b->cpus) {
                munmap(bell->map, 2 * page_size());
                close(bell->fd);
        }
        vec_done(&b->cpus);
        close_fd(&b->epoll);
}

int perf_bells_add(struct perf_bells *b, int cpu)
{
        struct perf_event_attr attr = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_SW_DUMMY,
                .mmap = 1,
                .watermark = 1,
                .wakeup_watermark = 1,
        };
        struct epoll_event event = {.events = EPOLLIN | EPOLLET};
        _cleanup_close_ int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (fd < 0)
                return -errno;
        void *map = mmap(NULL, 2 * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        struct perf_bell *slot = vec_add(&b->cpus);
        int r = !slot ? -ENOMEM : epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
        if (r < 0) {
                b->cpus.count -= slot != NULL;
                munmap(map, 2 * page_size());
                return r;
        }
        *slot = (struct perf_bell){.fd = TAKE_FD(fd), .cpu = cpu, .map = map};
        return 0;
}

static uint64_t head_of(const struct perf_bell *bell)
{
        const struct perf_event_mmap_page *control = bell->map;
        return __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
}

void perf_bells_set(struct perf_bells *b)
{
        struct epoll_event events[FETCHED];
        vec_each (bell, &b->cpus) {
                struct perf_event_mmap_page *control = bell->map;
                bell->head = head_of(bell);
                /* What the kernel takes for free lies between head and tail, less one byte. */
                __atomic_store_n(&control->data_tail, bell->head + 1 + ROOM, __ATOMIC_RELEASE);
        }
        while (epoll_wait(b->epoll, events, FETCHED, 0) == FETCHED)
                ;
}

bool perf_bells_rang(const struct perf_bells *b)
{
        vec_each (bell, &b->cpus)
                if (head_of(bell) != bell->head)
                        return true;
        return false;
}

size_t perf_bells_bytes(const struct perf_bells *b)
{
        return b->cpus.count * 2 * page_size();
}
