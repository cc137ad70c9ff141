/* SPDX-License-Identifier: Apache-2.0 */

/* One program serves all tracepoints that the user names, and knows them by their cookies; where the kernel
 * has none (before 5.15), each has a copy of the program that knows its number. */

#include "sensor/numbered_probe.h"
#include "sensor/state.h"

#include "base/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void tracepoints_detach_all(struct sensor *s)
{
        while (s->tracepoint_count) {
                struct tracepoint *t = &s->tracepoints[--s->tracepoint_count];
                bpf_link__destroy(t->link);
                close_fd(&t->event);
        }
}

static int attach(struct bpf_program *program, const char *category, const char *name, uint32_t number,
                  struct tracepoint *ret)
{
        LIBBPF_OPTS(bpf_tracepoint_opts, options, .bpf_cookie = number | EVENT_PROBE_HOOK);
        ret->event = -1;
        ret->link = bpf_program__attach_tracepoint_opts(program, category, name, &options);
        if (ret->link)
                return 0;
        if (errno != EOPNOTSUPP)
                return -errno;
        bool taken = functions_take_admin();
        ret->event = numbered_tracepoint_attach(program, category, name, number);
        functions_give_admin(taken);
        return MIN(ret->event, 0);
}

int sensor_set_tracepoint(struct sensor *s, const char *category, const char *name, uint32_t number,
                          struct error *error)
{
        struct bpf_program *program = programs_get(&s->programs, "hook_tracepoint");
        if (!program)
                return error_set(error, -errno, "tracepoints cannot be used: %s", programs_refusal(-errno));
        if (s->tracepoint_count >= SENSOR_TRACEPOINTS)
                return error_set(error, -E2BIG, "more than %d tracepoints", SENSOR_TRACEPOINTS);
        int r = attach(program, category, name, number, &s->tracepoints[s->tracepoint_count]);
        if (r < 0) {
                bool mounted = access("/sys/kernel/tracing/events", R_OK) == 0 ||
                               access("/sys/kernel/debug/tracing/events", R_OK) == 0;
                if (!mounted)
                        return error_set(error, r, "tracefs is not mounted: mount -t tracefs none %s",
                                         "/sys/kernel/tracing");
                return error_set(error, r, "%s",
                                 r == -ENOENT ? "this kernel has no such tracepoint" : strerror(-r));
        }
        s->tracepoint_count++;
        r = flow_open_ring(s);
        return r < 0 ? error_set(error, r, "the event buffer cannot be opened: %s", strerror(-r)) : 0;
}
