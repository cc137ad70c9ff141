/* SPDX-License-Identifier: Apache-2.0 */

/* A thread that ran has left a CPU, which is counted, or is still on it, which is seen. That another process
 * wrote into its memory (ptrace, process_vm_writev, a child of vfork before its exec) does not run its
 * functions. */

#include "look/quiet.h"

#include "base/clock.h"
#include "host/process.h"

#include <errno.h>

enum { QUIET_MEMORY = 64 << 20 }; /* bytes: some hundred thousand processes */

struct quiet_process {
        int pid; /* key */
        uint64_t start, ended_switches, ended_runtime;
        struct quiet_mark mark;
};

static void forget(struct quiet *q)
{
        map_done(&q->marks);
        arena_done(&q->arena);
        q->taken = 0;
}

void quiet_done(struct quiet *q)
{
        forget(q);
        q->source = activity_close(q->source);
}

int quiet_add(struct quiet *q, const struct activity_thread *thread)
{
        int pid = (int)thread->tgid;
        struct quiet_process *p = map_get(&q->marks, &pid, sizeof(pid));
        if (!p) {
                p = arena_alloc(&q->arena, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                *p = (struct quiet_process){
                        .pid = pid,
                        .start = thread->start / PROCESS_START_GRAIN * PROCESS_START_GRAIN,
                        .ended_switches = thread->ended_switches,
                        .ended_runtime = thread->ended_runtime,
                        .mark = {.switches = thread->ended_switches, .runtime = thread->ended_runtime},
                };
                if (map_put(&q->marks, &p->pid, sizeof(p->pid), p) < 0)
                        return -ENOMEM;
        }
        /* A thread that ended between two of these readings is counted in one of them, in both or in none. */
        p->mark.running |= thread->running || thread->ended_switches != p->ended_switches ||
                           thread->ended_runtime != p->ended_runtime;
        p->mark.threads++;
        p->mark.switches += thread->switches;
        p->mark.runtime += thread->runtime;
        p->mark.groups += map_hash(&thread->groups, sizeof(thread->groups));
        return 0;
}

static int take(void *context, const struct activity_thread *thread)
{
        return quiet_add(context, thread);
}

void quiet_take(struct quiet *q)
{
        forget(q);
        q->arena = ARENA_INIT(QUIET_MEMORY);
        if (!q->source && !q->refused)
                q->refused = activity_open(&q->source) < 0;
        if (!q->source)
                return;
        uint64_t begin = clock_boottime();
        if (activity_read(q->source, take, q) < 0)
                forget(q);
        else
                q->taken = begin;
}

bool quiet_knows(const struct quiet *q, int pid)
{
        return map_get(&q->marks, &pid, sizeof(pid));
}

struct quiet_mark quiet_mark_of(const struct quiet *q, int pid, uint64_t start)
{
        const struct quiet_process *p = map_get(&q->marks, &pid, sizeof(pid));
        return p && p->start == start ? p->mark : (struct quiet_mark){};
}

bool quiet_since(const struct quiet_mark *before, const struct quiet_mark *now)
{
        return before->threads && !now->running && before->threads == now->threads &&
               before->switches == now->switches && before->runtime == now->runtime &&
               before->groups == now->groups;
}
