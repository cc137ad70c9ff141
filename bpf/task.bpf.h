/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_TASK_BPF_H
#define USEWEAR_TASK_BPF_H

/* Who did it: everything that the header of a record says about a task. */

#include "emit.bpf.h"

static __always_inline __u64 task_cgroup(struct task_struct *task, const bool typed)
{
        struct css_set *set = FOLLOW(typed, task, cgroups);
        if (cgroup_subsystem < 0)
                return FOLLOW(typed, set, dfl_cgrp, kn, id);
        /* The index is a constant to the verifier, but not to the compiler. */
        struct cgroup_subsys_state **at =
                (void *)set + bpf_core_field_offset(set->subsys) + (cgroup_subsystem & 15) * sizeof(*at);
        struct cgroup_subsys_state *state = NULL;
        if (typed)
                state = *at;
        else
                bpf_probe_read_kernel(&state, sizeof(state), at);
        return FOLLOW(typed, state, cgroup, kn, id);
}

/* The namespace that the task's own pid is in: the deepest of its numbers. */
static __always_inline __u32 task_pid_ns(struct task_struct *task, const bool typed)
{
        struct pid *pid = FOLLOW(typed, task, thread_pid);
        __u32 level = FOLLOW(typed, pid, level);
        if (typed && !level)
                return pid->numbers[0].ns->ns.inum;
        struct upid *deepest = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
                               level * bpf_core_type_size(struct upid);
        return BPF_CORE_READ(deepest, ns, ns.inum);
}

/* Pointers that the kernel marks as __rcu may be NULL to the verifier. */
static __always_inline __u32 task_uid(struct task_struct *task, const bool typed)
{
        const struct cred *cred = FOLLOW(typed, task, real_cred);
        return cred ? FOLLOW(typed, cred, uid.val) : 0;
}

/* The kernel ends it with a NUL at all times. */
static __always_inline void task_name(struct task_struct *task, char to[static EVENT_COMM], const bool typed)
{
        if (typed) {
                const __u64 *from = (const void *)&task->comm;
                __builtin_memcpy(to, &from[0], sizeof(*from));
                __builtin_memcpy(to + sizeof(*from), &from[1], sizeof(*from));
        } else {
                bpf_core_read_str(to, EVENT_COMM, &task->comm);
        }
}

static __always_inline void header_fill(struct event_header *to, __u32 type, struct task_struct *task,
                                        const bool typed)
{
        to->version = EVENT_VERSION;
        to->type = type;
        to->time = bpf_ktime_get_boot_ns();
        to->start = process_start(task, typed);
        to->cgroup = task_cgroup(task, typed);
        to->tgid = FOLLOW(typed, task, tgid);
        to->tid = FOLLOW(typed, task, pid);
        to->uid = task_uid(task, typed);
        to->mount_ns = FOLLOW(typed, task, nsproxy, mnt_ns, ns.inum);
        to->pid_ns = task_pid_ns(task, typed);
        to->pad = 0;
        task_name(task, to->comm, typed);
}

#endif
