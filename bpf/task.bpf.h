/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_TASK_BPF_H
#define USEWEAR_TASK_BPF_H

/* Who did it: everything that the header of a record says about a task. */

#include "emit.bpf.h"

static __always_inline __u64 task_cgroup(struct task_struct *task)
{
        struct css_set *set = BPF_CORE_READ(task, cgroups);
        struct cgroup *cgroup = NULL;
        if (cgroup_subsystem < 0) {
                cgroup = BPF_CORE_READ(set, dfl_cgrp);
        } else {
                struct cgroup_subsys_state *state = NULL;
                bpf_core_read(&state, sizeof(state), &set->subsys[cgroup_subsystem & 15]);
                cgroup = BPF_CORE_READ(state, cgroup);
        }
        return BPF_CORE_READ(cgroup, kn, id);
}

/* The namespace that the task's own pid is in: the deepest of its numbers. */
static __always_inline __u32 task_pid_ns(struct task_struct *task)
{
        struct pid *pid = BPF_CORE_READ(task, thread_pid);
        __u32 level = BPF_CORE_READ(pid, level);
        struct upid *deepest = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
                               level * bpf_core_type_size(struct upid);
        return BPF_CORE_READ(deepest, ns, ns.inum);
}

static __always_inline void header_fill(struct event_header *to, __u32 type, struct task_struct *task)
{
        to->version = EVENT_VERSION;
        to->type = type;
        to->time = bpf_ktime_get_boot_ns();
        to->start = task_start(BPF_CORE_READ(task, group_leader));
        to->cgroup = task_cgroup(task);
        to->tgid = BPF_CORE_READ(task, tgid);
        to->tid = BPF_CORE_READ(task, pid);
        to->uid = BPF_CORE_READ(task, real_cred, uid.val);
        to->mount_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
        to->pid_ns = task_pid_ns(task);
        to->pad = 0;
        bpf_core_read_str(to->comm, sizeof(to->comm), &task->comm);
}

#endif
