/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* Which processes have done nothing: counts that change whenever a thread runs, in one pass through the
 * kernel and without a hook.
 *
 * CPU time alone does not prove it: with CONFIG_IRQ_TIME_ACCOUNTING or stolen time, what interrupts used is
 * taken off the clock that threads are charged by, also behind a run that was shorter than that
 * (kernel/sched/core.c, update_rq_clock_task). Leaving a CPU is always counted (__schedule: nvcsw, nivcsw),
 * and what threads had counted stays in signal_struct when they end (kernel/exit.c, __exit_signal). */

#include "compat.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("iter/task")
int activity_now(struct bpf_iter__task *c)
{
        struct task_struct *task = c->task;
        struct event_activity record = {};
        if (!task || !BPF_CORE_READ(task, mm)) /* threads of the kernel, and those that are ending */
                return 0;
        /* First: who is off the CPU now has counted what it ran before. On one CPU the reader itself is what
         * runs. */
        if (bpf_core_field_exists(task->on_cpu))
                record.running = BPF_CORE_READ(task, on_cpu) != 0;
        record.version = EVENT_VERSION;
        record.tgid = BPF_CORE_READ(task, tgid);
        record.tid = BPF_CORE_READ(task, pid);
        record.start = process_start(task, false);
        record.switches = BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
        record.ended_switches = BPF_CORE_READ(task, signal, nvcsw) + BPF_CORE_READ(task, signal, nivcsw);
        record.runtime = BPF_CORE_READ(task, se.sum_exec_runtime);
        record.ended_runtime = BPF_CORE_READ(task, signal, sum_sched_runtime);
        record.groups = (__u64)BPF_CORE_READ(task, cgroups);
        bpf_seq_write(c->meta->seq, &record, sizeof(record));
        return 0;
}
