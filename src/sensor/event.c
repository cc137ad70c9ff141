/* SPDX-License-Identifier: Apache-2.0 */

/* The reader's half of the contract with the kernel side: nothing of a record is used before its sizes
 * agree with each other, also although our own program wrote it. */

#include "sensor/sensor.h"

#include <errno.h>
#include <string.h>

static const char *const names[_EVENT_MAX] = {
        [EVENT_EXEC] = "exec",         [EVENT_FORK] = "fork",     [EVENT_EXIT] = "exit",
        [EVENT_MAP] = "map",           [EVENT_LISTEN] = "listen", [EVENT_CONNECT] = "connect",
        [EVENT_FUNCTION] = "function", [EVENT_HOOK] = "hook",     [EVENT_SAMPLE] = "sample",
};

const char *event_type_name(enum event_type type)
{
        return (unsigned)type < _EVENT_MAX && names[type] ? names[type] : "unknown";
}

int event_type_parse(const char *text, enum event_type *ret)
{
        for (size_t i = 0; i < _EVENT_MAX; i++) {
                if (!names[i] || strcmp(names[i], text) != 0)
                        continue;
                *ret = (enum event_type)i;
                return 0;
        }
        return -EINVAL;
}

/* A string of `size` bytes, its NUL included, from the front of the tail. */
static int take_string(const char **tail, size_t *left, size_t size, const char **ret)
{
        if (!size) {
                *ret = "";
                return 0;
        }
        if (size > *left || memchr(*tail, 0, size) != *tail + size - 1)
                return -EBADMSG;
        *ret = *tail;
        *tail += size;
        *left -= size;
        return 0;
}

static int decode_exec(const char *record, size_t size, struct event *e)
{
        struct event_exec fixed;
        if (size < sizeof(fixed))
                return -EBADMSG;
        memcpy(&fixed, record, sizeof(fixed));
        const char *tail = record + sizeof(fixed);
        size_t left = size - sizeof(fixed);
        int r = take_string(&tail, &left, fixed.path_size, &e->exec.path);
        if (r < 0)
                return r;
        r = take_string(&tail, &left, fixed.cwd_size, &e->exec.cwd);
        if (r < 0)
                return r;
        if (left != (size_t)fixed.args_size + 1 || tail[fixed.args_size])
                return -EBADMSG;
        e->exec.parent = fixed.parent;
        e->exec.args = tail;
        e->exec.args_size = fixed.args_size;
        e->exec.args_cut = fixed.args_cut != 0;
        return 0;
}

static int decode_map(const char *record, size_t size, struct event *e)
{
        struct event_map fixed;
        if (size < sizeof(fixed))
                return -EBADMSG;
        memcpy(&fixed, record, sizeof(fixed));
        const char *tail = record + sizeof(fixed);
        size_t left = size - sizeof(fixed);
        int r = take_string(&tail, &left, fixed.path_size, &e->map.path);
        if (r < 0)
                return r;
        if (left)
                return -EBADMSG;
        e->map.address = fixed.address;
        e->map.size = fixed.size;
        e->map.offset = fixed.offset;
        e->map.inode = fixed.inode;
        e->map.device = fixed.device;
        e->map.generation = fixed.generation;
        e->map.unprobed = fixed.unprobed != 0;
        return 0;
}

static int decode_socket(const char *record, size_t size, struct event *e)
{
        struct event_socket fixed;
        if (size != sizeof(fixed))
                return -EBADMSG;
        memcpy(&fixed, record, sizeof(fixed));
        e->socket.local = (const uint8_t *)record + offsetof(struct event_socket, local);
        e->socket.remote = (const uint8_t *)record + offsetof(struct event_socket, remote);
        e->socket.local_port = fixed.local_port;
        e->socket.remote_port = fixed.remote_port;
        e->socket.family = fixed.family;
        e->socket.protocol = fixed.protocol;
        return 0;
}

static int decode_rest(const char *record, size_t size, struct event *e)
{
        struct event_fork fork;
        struct event_exit exit;
        struct event_function function;
        struct event_sample sample;
        switch (e->type) {
        case EVENT_EXEC:
                return decode_exec(record, size, e);
        case EVENT_FORK:
                if (size != sizeof(fork))
                        return -EBADMSG;
                memcpy(&fork, record, sizeof(fork));
                e->fork.parent = fork.parent;
                e->fork.forker = fork.forker;
                return 0;
        case EVENT_EXIT:
                if (size != sizeof(exit))
                        return -EBADMSG;
                memcpy(&exit, record, sizeof(exit));
                e->exit.code = exit.code;
                e->exit.address = exit.address;
                return 0;
        case EVENT_MAP:
                return decode_map(record, size, e);
        case EVENT_LISTEN:
        case EVENT_CONNECT:
                return decode_socket(record, size, e);
        case EVENT_FUNCTION:
        case EVENT_HOOK:
                if (size != sizeof(function))
                        return -EBADMSG;
                memcpy(&function, record, sizeof(function));
                e->function.probe = function.probe;
                return 0;
        case EVENT_SAMPLE:
                if (size != sizeof(sample))
                        return -EBADMSG;
                memcpy(&sample, record, sizeof(sample));
                e->sample.address = sample.address;
                return 0;
        default:
                return -EPROTO;
        }
}

int event_decode(const void *record, size_t size, struct event *ret)
{
        struct event_header header;
        if (size < sizeof(header))
                return -EBADMSG;
        memcpy(&header, record, sizeof(header));
        if (header.version != EVENT_VERSION)
                return -EPROTO;
        if (header.size != size || !memchr(header.comm, 0, sizeof(header.comm)))
                return -EBADMSG;
        struct event e = {
                .type = header.type,
                .time = header.time,
                .start = header.start,
                .cgroup = header.cgroup,
                .tgid = header.tgid,
                .tid = header.tid,
                .uid = header.uid,
                .mount_ns = header.mount_ns,
                .pid_ns = header.pid_ns,
                .comm = (const char *)record + offsetof(struct event_header, comm),
        };
        int r = decode_rest(record, size, &e);
        if (r < 0)
                return r;
        *ret = e;
        return 0;
}
