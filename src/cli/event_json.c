/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_json.h"

#include "base/clock.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

void event_json_time(struct json *j, const struct event_writer *w, uint64_t boottime)
{
        char seconds[CLOCK_TEXT], text[CLOCK_TEXT + 16];
        int64_t wall = (int64_t)boottime + w->wall_offset;
        clock_rfc3339(wall / (int64_t)NS_PER_S, seconds);
        snprintf(text, sizeof(text), "%.19s.%09" PRId64 "Z", seconds, wall % (int64_t)NS_PER_S);
        json_str(j, "time", text);
}

static void write_end(struct json *j, const char *key, const uint8_t address[static 16], uint16_t port)
{
        char text[INET6_ADDRSTRLEN] = "";
        struct in6_addr in6;
        memcpy(&in6, address, sizeof(in6));
        if (IN6_IS_ADDR_V4MAPPED(&in6))
                inet_ntop(AF_INET, &in6.s6_addr[12], text, sizeof(text));
        else
                inet_ntop(AF_INET6, &in6, text, sizeof(text));
        json_object(j, key);
        json_str(j, "address", text);
        json_u64(j, "port", port);
        json_end(j);
}

static void write_exec(struct json *j, const struct event *e)
{
        json_u64(j, "parent", e->exec.parent);
        json_str(j, "exe", e->exec.path);
        json_str(j, "cwd", e->exec.cwd);
        json_array(j, "args");
        for (const char *at = e->exec.args; at < e->exec.args + e->exec.args_size; at += strlen(at) + 1)
                json_str(j, NULL, at);
        json_end(j);
        json_bool(j, "args_cut", e->exec.args_cut);
}

static void write_map(struct json *j, const struct event *e)
{
        json_str(j, "path", e->map.path);
        json_u64(j, "inode", e->map.inode);
        json_u64(j, "device", e->map.device);
        json_u64(j, "generation", e->map.generation);
        json_u64(j, "address", e->map.address);
        json_u64(j, "size", e->map.size);
        json_u64(j, "offset", e->map.offset);
}

static void write_function(struct json *j, const struct event_writer *w, const struct event *e)
{
        const struct named_function *f = event_functions_find(w->functions, e->function.probe);
        json_str(j, "file", f ? f->spec.file : NULL);
        json_str(j, "function", f ? f->spec.name : NULL);
        json_bool(j, "shared", f && f->shared);
}

static void write_hook(struct json *j, const struct event_writer *w, const struct event *e)
{
        const struct named_function *f = event_functions_find(w->functions, e->function.probe);
        json_str(j, "hook", f ? f->spec.text : NULL);
}

static void write_rest(struct json *j, const struct event_writer *w, const struct event *e)
{
        switch (e->type) {
        case EVENT_EXEC:
                write_exec(j, e);
                break;
        case EVENT_FORK:
                json_u64(j, "parent", e->fork.parent);
                break;
        case EVENT_EXIT:
                if (WIFSIGNALED(e->exit.code))
                        json_u64(j, "signal", WTERMSIG(e->exit.code));
                else
                        json_u64(j, "status", WEXITSTATUS(e->exit.code));
                break;
        case EVENT_MAP:
                write_map(j, e);
                break;
        case EVENT_LISTEN:
        case EVENT_CONNECT:
                json_str(j, "protocol", "tcp");
                write_end(j, "local", e->socket.local, e->socket.local_port);
                if (e->type == EVENT_CONNECT)
                        write_end(j, "remote", e->socket.remote, e->socket.remote_port);
                break;
        case EVENT_FUNCTION:
                write_function(j, w, e);
                break;
        case EVENT_HOOK:
                write_hook(j, w, e);
                break;
        default:
                break;
        }
}

static void write_workload(struct json *j, const struct event_workload *workload)
{
        if (!workload || !workload->id) {
                json_null(j, "workload");
                return;
        }
        json_object(j, "workload");
        json_str(j, "id", workload->id);
        json_str(j, "kind", workload_kind_name(workload->kind));
        json_str(j, "name", workload->name);
        json_end(j);
}

void event_json(struct json *j, const struct event_writer *w, const struct event *e,
                const struct event_workload *workload)
{
        json_object(j, NULL);
        json_str(j, "type", event_type_name(e->type));
        event_json_time(j, w, e->time);
        json_u64(j, "pid", e->tgid);
        json_u64(j, "tid", e->tid);
        json_str(j, "comm", e->comm);
        json_u64(j, "uid", e->uid);
        write_workload(j, workload);
        write_rest(j, w, e);
        json_u64(j, "start", e->start);
        json_u64(j, "cgroup", e->cgroup);
        json_u64(j, "mount_ns", e->mount_ns);
        json_u64(j, "pid_ns", e->pid_ns);
        json_end(j);
}
