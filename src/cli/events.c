/* SPDX-License-Identifier: Apache-2.0 */

/* The event stream as NDJSON (usewear/event/1): one line an event, nothing kept. Whoever reads it may go
 * at any time: a closed pipe is as good an end as Ctrl-C. */

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "cli/event_json.h"
#include "cli/options.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

enum {
        OUT_FLUSH = 64 * 1024,
        OUT_MOST = 1 << 20,
        END = 1,
        FETCH_NS = 50000000, /* people watch: sooner than a history needs it */
};

struct stream {
        struct sensor *sensor;
        uint32_t types;
        uint64_t pid; /* 0: all */
        const char *comm, *workload;
        bool all;
        uint64_t ring_size;
        struct event_writer writer;
        struct event_workloads workloads;
        struct option_list wanted, hooks;
        struct event_functions *functions;
        struct loop *loop;
        struct buf out;
        uint64_t printed;
        struct sensor_counts last;
};

static int flush(struct stream *s)
{
        size_t done = 0;
        while (done < s->out.size) {
                ssize_t wrote = write(STDOUT_FILENO, s->out.data + done, s->out.size - done);
                if (wrote < 0 && errno == EINTR)
                        continue;
                if (wrote < 0)
                        return -errno;
                done += (size_t)wrote;
        }
        buf_clear(&s->out);
        return 0;
}

static int on_event(void *context, const struct event *e)
{
        struct stream *s = context;
        struct json j = JSON_INIT(&s->out, 0);
        if ((s->pid && e->tgid != s->pid) || (s->comm && !str_equal(s->comm, e->comm)))
                return 0;
        const struct event_workload *workload = event_workload_find(&s->workloads, e);
        if (s->workload && !(workload && str_equal(s->workload, workload->id)))
                return 0;
        event_json(&j, &s->writer, e, workload);
        buf_add_char(&s->out, '\n');
        s->printed++;
        return s->out.error ? s->out.error : s->out.size >= OUT_FLUSH ? flush(s) : 0;
}

/* ---- the stream ------------------------------------------------------------------------------------- */

static int on_readable(void *context)
{
        struct stream *s = context;
        int r = sensor_drain(s->sensor, on_event, s);
        return r < 0 ? r : flush(s);
}

static int on_signal(_unused_ void *context)
{
        return END;
}

/* What was lost since the last look is an event as well. */
static int on_second(void *context)
{
        struct stream *s = context;
        struct sensor_counts now;
        uint64_t lost = 0;
        if (sensor_counts(s->sensor, &now) < 0)
                return 0;
        for (size_t type = 1; type < _EVENT_MAX; type++)
                lost += now.types[type].dropped - s->last.types[type].dropped;
        if (lost) {
                struct json j = JSON_INIT(&s->out, 0);
                json_object(&j, NULL);
                json_str(&j, "type", "lost");
                event_json_time(&j, &s->writer, clock_boottime());
                json_object(&j, "dropped");
                for (unsigned type = 1; type < _EVENT_MAX; type++)
                        if (now.types[type].dropped > s->last.types[type].dropped)
                                json_u64(&j, event_type_name(type),
                                         now.types[type].dropped - s->last.types[type].dropped);
                json_end(&j);
                json_end(&j);
                buf_add_char(&s->out, '\n');
        }
        s->last = now;
        return flush(s);
}

static void print_counts(struct stream *s)
{
        struct sensor_counts counts;
        struct sensor_error errors[32];
        if (sensor_counts(s->sensor, &counts) < 0)
                return;
        for (unsigned type = 1; type < _EVENT_MAX; type++)
                if (counts.types[type].made || s->types == 1u << type)
                        log_note("%-8s made %" PRIu64 " = seen %" PRIu64 " + deduplicated %" PRIu64
                                 " + dropped %" PRIu64,
                                 event_type_name(type), counts.types[type].made, counts.types[type].seen,
                                 counts.types[type].deduplicated, counts.types[type].dropped);
        log_note("printed %" PRIu64 " event%s", s->printed, s->printed == 1 ? "" : "s");
        if (counts.unknown_records || counts.broken_records)
                log_note("skipped %" PRIu64 " unknown and %" PRIu64 " broken records", counts.unknown_records,
                         counts.broken_records);
        size_t count = sensor_errors(s->sensor, errors, ARRAY_SIZE(errors));
        for (size_t i = 0; i < count; i++)
                log_note("%s: %s, %" PRIu64 " times", errors[i].program, strerror(errors[i].error),
                         errors[i].count);
}

static int stream_run(struct stream *s)
{
        struct loop *loop = s->loop;
        int r = loop_add_fd(loop, sensor_fd(s->sensor), on_readable, s);
        if (r >= 0)
                r = loop_add_timer(loop, NS_PER_S, NS_PER_S, on_second, s);
        if (r >= 0) {
                const char *probes = s->functions ? sensor_probe_hook(s->sensor) : NULL;
                log_note("watching%s%s; Ctrl-C ends", probes ? ", functions by " : "", probes ? probes : "");
                r = loop_run(loop);
        }
        sensor_stop(s->sensor);
        if (r == END)
                r = on_readable(s);
        return r == -EPIPE ? 0 : r;
}

static int parse_types(struct stream *s, const char *list)
{
        struct span rest = span_of(list), piece;
        while (span_cut(&rest, ',', &piece)) {
                char name[32];
                enum event_type type;
                snprintf(name, sizeof(name), "%.*s", (int)MIN(piece.size, sizeof(name) - 1), piece.data);
                if (event_type_parse(name, &type) < 0 || type > EVENT_CONNECT)
                        return log_error(
                                -EINVAL,
                                "events: unknown type '%s'; use exec, fork, exit, map, listen, connect",
                                name);
                s->types |= 1u << type;
        }
        return 0;
}

/* First of all: a signal that comes while the sensor starts is a clean end as well. */
static int take_signals(struct stream *s)
{
        int r = loop_new(&s->loop);
        if (r >= 0)
                r = loop_add_signal(s->loop, SIGINT, on_signal, s);
        if (r >= 0)
                r = loop_add_signal(s->loop, SIGTERM, on_signal, s);
        return r < 0 ? log_error(r, "events: %s", strerror(-r)) : 0;
}

/* Sensor and workloads by the same hierarchy. */
static int stream_open(struct stream *s)
{
        struct cgroup_choice choice;
        struct error error;
        if (take_signals(s) < 0)
                return -1;
        if (cgroup_choose(&choice) < 0)
                choice = (struct cgroup_choice){.layout = CGROUP_NONE, .subsystem = -1};
        int r = event_workloads_open(&s->workloads, &choice);
        if (r < 0)
                return log_error(r, "events: cannot read processes: %s", strerror(-r));
        struct sensor_options options = {.types = s->types,
                                         .all = s->all,
                                         .ring_size = s->ring_size,
                                         .fetch_ns = FETCH_NS,
                                         .cgroup_subsystem = choice.subsystem};
        r = sensor_open(&options, &s->sensor, &error);
        if (r < 0)
                return log_error(r, "%s", error.text);
        if (s->wanted.count || s->hooks.count)
                r = event_functions_open(s->sensor, &s->wanted, &s->hooks, &s->functions);
        s->writer.functions = s->functions;
        return r;
}

static void stream_done(struct stream *s)
{
        s->sensor = sensor_close(s->sensor);
        s->functions = event_functions_close(s->functions);
        event_workloads_close(&s->workloads);
        loop_free(s->loop);
        buf_done(&s->out);
}

static int64_t wall_offset(void)
{
        struct timespec wall, boot;
        clock_gettime(CLOCK_REALTIME, &wall);
        clock_gettime(CLOCK_BOOTTIME, &boot);
        return (wall.tv_sec - boot.tv_sec) * (int64_t)NS_PER_S + wall.tv_nsec - boot.tv_nsec;
}

static int run(int argc, char **argv)
{
        struct stream s = {.writer.wall_offset = wall_offset(), .out = BUF_INIT(OUT_MOST)};
        const char *types = NULL;
        bool json; /* always */
        const struct option_spec specs[] = {
                {"--type", OPTION_TEXT, &types},        {"--pid", OPTION_NUMBER, &s.pid},
                {"--comm", OPTION_TEXT, &s.comm},       {"--workload", OPTION_TEXT, &s.workload},
                {"--all", OPTION_FLAG, &s.all},         {"--ring", OPTION_NUMBER, &s.ring_size},
                {"--function", OPTION_LIST, &s.wanted}, {"--hook", OPTION_LIST, &s.hooks},
                {"--json", OPTION_FLAG, &json},
        };
        struct options o = {.command = &command_events, .specs = specs, .spec_count = ARRAY_SIZE(specs)};
        int r = options_parse(&o, argc, argv);
        if (r)
                return r > 0 ? 0 : EXIT_USAGE;
        if (types && parse_types(&s, types) < 0)
                return EXIT_USAGE;
        if (s.wanted.count) /* alone, it is all that is shown */
                s.types |= 1u << EVENT_FUNCTION;
        if (s.hooks.count)
                s.types |= 1u << EVENT_HOOK;
        signal(SIGPIPE, SIG_IGN);
        r = stream_open(&s);
        if (r >= 0) {
                r = stream_run(&s);
                if (r < 0)
                        log_error(r, "events: %s", strerror(-r));
                print_counts(&s);
        }
        stream_done(&s);
        return r < 0 ? EXIT_USAGE : 0;
}

const struct command command_events = {
        .name = "events",
        .summary = "the event stream as NDJSON",
        .help = "Usage: usewear events [OPTION…]\n\n"
                "Print what happens on this machine, one JSON object a line: programs started (exec),\n"
                "processes made and ended (fork, exit), files mapped executable (map), TCP sockets that\n"
                "listen or connect, functions of native code that ran (function), hooks that fired (hook).\n"
                "Counts and losses follow on stderr at the end.\n\n"
                "  --type LIST            only these types, separated by commas\n"
                "  --pid PID              only this process\n"
                "  --comm NAME            only processes that are called so\n"
                "  --workload ID          only this workload, such as systemd:nginx.service\n"
                "  --all                  every mapping and connection, not only the first of each workload\n"
                "  --function FILE:NAME   when this function of a program or library runs, first time in "
                "each\n"
                "                         workload; alone, nothing else is shown; may be given again;\n"
                "                         NAME may be mangled, in one version (memcpy@GLIBC_2.14), or where "
                "it\n"
                "                         begins (0x4340)\n"
                "  --hook SPEC            the same for tracepoint:CATEGORY:NAME of the kernel, and for a\n"
                "                         program's own probe, usdt:FILE:PROVIDER:NAME\n"
                "  --ring BYTES           size of the kernel's buffer, a power of two (default 4 MiB)\n"
                "  --json                 taken as everywhere: there is no other form\n"
                "  --state DIR            taken as everywhere; events reads and writes no database\n\n"
                "Command lines may hold secrets; they appear here and are stored nowhere.\n\n"
                "Examples:\n  usewear events --type exec,listen\n"
                "  usewear events --function /lib/x86_64-linux-gnu/libc.so.6:getaddrinfo\n"
                "  usewear events --hook usdt:/usr/bin/python3:python:gc__start\n",
        .run = run,
};
