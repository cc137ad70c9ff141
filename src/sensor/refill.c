/* SPDX-License-Identifier: Apache-2.0 */

/* Perf tells of a mapping by its process's number alone. Who that is, events say, and for those that were
 * there before or whose events were lost, the kernel's own list. */

#include "sensor/state.h"

#include "base/clock.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* One header for each process of the iterator, in the form of a ring record. */
static int refill_from(struct sensor *s, int fd)
{
        struct event_header headers[64];
        char *bytes = (char *)headers;
        size_t have = 0;
        for (;;) {
                ssize_t got = read(fd, bytes + have, sizeof(headers) - have);
                if (got < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                have += (size_t)got;
                size_t whole = have / sizeof(headers[0]);
                for (size_t i = 0; i < whole; i++) {
                        int r = process_table_learn(&s->processes, &headers[i]);
                        if (r < 0)
                                return r;
                }
                memmove(bytes, bytes + whole * sizeof(headers[0]), have % sizeof(headers[0]));
                have %= sizeof(headers[0]);
        }
}

int processes_refill(struct sensor *s)
{
        uint64_t now = clock_boottime();
        _cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(s->processes_link));
        if (fd < 0)
                return -errno;
        int r = refill_from(s, fd);
        if (r >= 0)
                process_table_forget_before(&s->processes, now);
        return r;
}
