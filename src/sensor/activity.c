/* SPDX-License-Identifier: Apache-2.0 */

/* The program stays in the kernel, attached to nothing that happens: it runs only while its iterator is
 * read. */

#include "sensor/programs.h"
#include "sensor/sensor.h"

#include "bpf/activity.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

struct activity {
        struct activity_bpf *object;
        struct bpf_link *link;
};

struct activity *activity_close(struct activity *a)
{
        if (!a)
                return NULL;
        bpf_link__destroy(a->link);
        activity_bpf__destroy(a->object);
        free(a);
        return NULL;
}

int activity_open(struct activity **ret)
{
        _cleanup_activity_ struct activity *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        libbpf_set_print(NULL);
        a->object = activity_bpf__open();
        if (!a->object)
                return -errno;
        int r = activity_bpf__load(a->object);
        if (r < 0)
                return r;
        a->link = bpf_program__attach_iter(a->object->progs.activity_now, NULL);
        if (!a->link)
                return -errno;
        *ret = TAKE_PTR(a);
        return 0;
}

static int take(const struct event_activity *records, size_t count, activity_handler handler, void *context)
{
        for (size_t i = 0; i < count; i++) {
                const struct event_activity *e = &records[i];
                if (e->version != EVENT_VERSION)
                        return -EBADMSG;
                struct activity_thread t = {
                        .tgid = e->tgid,
                        .tid = e->tid,
                        .start = e->start,
                        .running = e->running,
                        .switches = e->switches,
                        .ended_switches = e->ended_switches,
                        .runtime = e->runtime,
                        .ended_runtime = e->ended_runtime,
                        .groups = e->groups,
                };
                int r = handler(context, &t);
                if (r)
                        return r;
        }
        return 0;
}

int activity_read(struct activity *a, activity_handler handler, void *context)
{
        struct event_activity records[128];
        char *bytes = (char *)records;
        size_t have = 0;
        _cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(a->link));
        if (fd < 0)
                return -errno;
        for (;;) {
                ssize_t got = read(fd, bytes + have, sizeof(records) - have);
                if (got < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : have ? -EBADMSG : 0;
                have += (size_t)got;
                size_t whole = have / sizeof(records[0]);
                int r = take(records, whole, handler, context);
                if (r)
                        return r;
                have %= sizeof(records[0]);
                memmove(bytes, bytes + whole * sizeof(records[0]), have);
        }
}
