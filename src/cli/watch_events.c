/* SPDX-License-Identifier: Apache-2.0 */

/* Events only say where to look again, and what was mapped by processes that were gone too soon. */

#include "cli/watch_state.h"

#include "base/clock.h"
#include "evidence/engine.h"
#include "host/process.h"
#include "host/runtime.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum { COUNT_EVERY_S = 5 /* how soon lost events are noticed */ };

static void mark_dirty(struct watch *w, int pid, uint64_t cgroup, bool wanted)
{
        dirty_mark(&w->dirty, pid, wanted || !look_knows_cgroup(w->look, cgroup));
}

/* Whom our own numbers tell, see process.h. */
static int pid_of(const struct watch *w, uint32_t told)
{
        return (int)told + (w->elsewhere ? PROCESS_OUTSIDE : 0);
}

static int take_event(void *context, const struct event *event)
{
        struct watch *w = context;
        switch (event->type) {
        case EVENT_EXEC:
                w->prompt |= engine_exists(runtime_of_program(event->exec.path));
                look_process_executed(w->look, pid_of(w, event->tgid), event->cgroup, event->time);
                mark_dirty(w, pid_of(w, event->tgid), event->cgroup, false);
                break;
        case EVENT_FORK:
                if (look_process_forked(w->look, pid_of(w, event->tgid), pid_of(w, event->fork.forker),
                                        event->cgroup))
                        mark_dirty(w, pid_of(w, event->tgid), event->cgroup, false);
                break;
        case EVENT_EXIT:
                if (WIFSIGNALED(event->exit.code) && WTERMSIG(event->exit.code) == SIGTRAP) {
                        struct trap_event trap = {.pid = pid_of(w, event->tgid),
                                                  .cgroup = event->cgroup,
                                                  .address = event->exit.address,
                                                  .comm = event->comm};
                        w->news |= look_process_trapped(w->look, &trap);
                }
                w->news |= look_process_ended(w->look, pid_of(w, event->tgid));
                break;
        case EVENT_MAP: {
                struct mapped_event mapped = {.pid = pid_of(w, event->tgid),
                                              .start = event->start,
                                              .time = event->time,
                                              .cgroup = event->cgroup,
                                              .inode = event->map.inode,
                                              .device = event->map.device,
                                              .unprobed = event->map.unprobed,
                                              .path = event->map.path};
                look_file_mapped(w->look, &mapped);
                bool wanted = look_wants_file(w->look, event->map.device, event->map.inode, event->cgroup);
                mark_dirty(w, pid_of(w, event->tgid), event->cgroup, wanted);
                if (wanted)
                        look_file_now(w->look, pid_of(w, event->tgid), event->map.device, event->map.inode);
                break;
        }
        case EVENT_FUNCTION:
        case EVENT_HOOK:
                if (!look_knows_cgroup(w->look, event->cgroup)) /* moved; or a thread alone is there */
                        mark_dirty(w, pid_of(w, event->tgid), event->cgroup, true);
                w->hit |= look_function_ran(w->look, event->function.probe, event->cgroup,
                                            pid_of(w, event->tgid), clock_wall_of(event->time));
                break;
        case EVENT_SAMPLE: {
                struct code_event ran = {.pid = pid_of(w, event->tgid),
                                         .start = event->start,
                                         .time = event->time,
                                         .address = event->sample.address};
                w->news |= look_code_ran(w->look, &ran);
                break;
        }
        case EVENT_LISTEN:
                watch_look_soon(w);
                break;
        default:
                break;
        }
        return 0;
}

/* What it may be in the middle of nobody sees it begin in its new workload. */
void watch_take_move(void *context, int pid, uint64_t cgroup)
{
        struct watch *w = context;
        pid = pid_of(w, (uint32_t)pid);
        look_process_moved(w->look, pid, cgroup);
        mark_dirty(w, pid, cgroup, false);
}

void watch_take_cgroup(void *context, uint64_t cgroup, const char *path)
{
        struct watch *w = context;
        look_cgroup_made(w->look, cgroup, path);
}

static void count_drops(struct watch *w)
{
        struct sensor_counts counts;
        if (sensor_counts(w->sensor, &counts) < 0)
                return;
        if (counts.moves_dropped != w->moves_dropped)
                look_events_lost(w->look, "moves to other workloads dropped",
                                 counts.moves_dropped - w->moves_dropped);
        w->moves_dropped = counts.moves_dropped;
        for (int type = 1; type < _EVENT_MAX; type++) {
                uint64_t new = counts.types[type].dropped - w->dropped[type];
                if (!new || type == EVENT_SAMPLE) /* samples prove nothing by their absence */
                        continue;
                char what[64];
                snprintf(what, sizeof(what), "events of type %s dropped", event_type_name(type));
                look_events_lost(w->look, what, new);
                w->dropped[type] = counts.types[type].dropped;
        }
}

void watch_drain(void *context)
{
        struct watch *w = context;
        sensor_drain(w->sensor, take_event, w);
        if (w->looking)
                look_shed_probes(w->look);
}

/* What the kernel has lost is known before a silence is told of that time. */
void watch_settle(void *context, bool silence)
{
        struct watch *w = context;
        if (silence)
                sensor_ask_lost(w->sensor);
        watch_drain(w);
        if (!silence)
                return;
        count_drops(w);
        w->next_count = clock_boottime() / NS_PER_S + COUNT_EVERY_S;
}

void watch_count_when_due(struct watch *w)
{
        uint64_t now = clock_boottime() / NS_PER_S;
        if (!w->sensor || now < w->next_count)
                return;
        count_drops(w);
        w->next_count = now + COUNT_EVERY_S;
}
