/* SPDX-License-Identifier: Apache-2.0 */

/* One read of a BPF iterator instead of opening the maps of every process. Who reads again keeps the program
 * loaded, attached to nothing that happens. */

#include "sensor/programs.h"
#include "sensor/sensor.h"

#include "bpf/snapshot.skel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct snapshot {
        struct snapshot_bpf *object;
        struct bpf_link *link;
};

struct snapshot *snapshot_close(struct snapshot *s)
{
        if (!s)
                return NULL;
        bpf_link__destroy(s->link);
        snapshot_bpf__destroy(s->object);
        free(s);
        return NULL;
}

static int refuse(struct hook *hook, int r)
{
        if (hook) {
                hook->state = HOOK_REFUSED;
                snprintf(hook->reason, sizeof(hook->reason), "%s", programs_refusal(r));
        }
        return r == -EPERM || r == -ENOMEM ? r : -EOPNOTSUPP;
}

int snapshot_open(struct snapshot **ret, struct hook *ret_hook)
{
        _cleanup_snapshot_ struct snapshot *s = calloc(1, sizeof(*s));
        if (ret_hook)
                *ret_hook = (struct hook){.type = EVENT_MAP, .name = "iter/task_vma", .state = HOOK_UNTRIED};
        if (!s)
                return refuse(ret_hook, -ENOMEM);
        libbpf_set_print(NULL);
        s->object = snapshot_bpf__open();
        if (!s->object)
                return refuse(ret_hook, -errno);
        int r = snapshot_bpf__load(s->object);
        if (r < 0)
                return refuse(ret_hook, r);
        s->link = bpf_program__attach_iter(s->object->progs.mappings_now, NULL);
        if (!s->link)
                return refuse(ret_hook, -errno);
        *ret = TAKE_PTR(s);
        return 0;
}

/* The record at the front of `size` bytes: its size, 0 when there is less than one, or -EBADMSG. */
static ssize_t take_one(const char *bytes, size_t size, snapshot_handler handler, void *context,
                        int *ret_result)
{
        struct event_snapshot record;
        if (size < sizeof(record))
                return 0;
        memcpy(&record, bytes, sizeof(record));
        size_t whole = sizeof(record) + record.path_size;
        if (record.version != EVENT_VERSION)
                return -EBADMSG;
        if (size < whole)
                return 0;
        const char *path = record.path_size ? bytes + sizeof(record) : "";
        if (record.path_size && path[record.path_size - 1])
                return -EBADMSG;
        struct snapshot_mapping mapping = {
                .tgid = record.tgid,
                .device = record.device,
                .start_time = record.start_time,
                .start = record.start,
                .end = record.end,
                .offset = record.offset,
                .inode = record.inode,
                .path = path,
                .unprobed = record.unprobed != 0,
        };
        *ret_result = handler(context, &mapping);
        return (ssize_t)whole;
}

int snapshot_read(struct snapshot *s, snapshot_handler handler, void *context)
{
        enum { ROOM = 64 * 1024 }; /* many records; the largest one is EVENT_SNAPSHOT_PATH and a little */
        _cleanup_close_ int fd = bpf_iter_create(bpf_link__fd(s->link));
        if (fd < 0)
                return -errno;
        _cleanup_free_ char *bytes = malloc(ROOM);
        size_t have = 0;
        if (!bytes)
                return -ENOMEM;
        for (;;) {
                ssize_t got = read(fd, bytes + have, ROOM - have);
                if (got < 0 && (errno == EINTR || errno == EAGAIN))
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        return have ? -EBADMSG : 0;
                have += (size_t)got;
                size_t at = 0;
                for (;;) {
                        int result = 0;
                        ssize_t used = take_one(bytes + at, have - at, handler, context, &result);
                        if (used < 0)
                                return (int)used;
                        if (result)
                                return result;
                        if (used == 0)
                                break;
                        at += (size_t)used;
                }
                memmove(bytes, bytes + at, have - at);
                have -= at;
        }
}

int sensor_snapshot(snapshot_handler handler, void *context, struct hook *ret_hook)
{
        _cleanup_snapshot_ struct snapshot *s = NULL;
        int r = snapshot_open(&s, ret_hook);
        if (r < 0)
                return r;
        r = snapshot_read(s, handler, context);
        if (ret_hook && r >= 0)
                ret_hook->state = HOOK_SERVING;
        return r;
}
