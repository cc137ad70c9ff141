/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* Which code runs at all: the timer interrupt comes anyway, and finds on each CPU whatever runs just then.
 * One look at the registers of its user side costs less than a microsecond, and no further interrupt. Where
 * that tracepoint or the helper is missing, a slow perf event does the same. */

#include "task.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 8192);
        __type(key, struct event_page);
        __type(value, __u64);
} sampled SEC(".maps");

/* Nobody asks what young processes run, which are most of those that a storm of programs brings. */
static __always_inline bool is_young(struct task_struct *task, const bool typed, __u64 now)
{
        return now - process_start(task, typed) < EVENT_SAMPLE_AGE;
}

/* Code that was met lately is not told again. */
static __always_inline int sample(struct task_struct *task, __u64 address, __u64 now)
{
        struct event_sample record = {.address = address};
        struct event_page key = {.page = address >> 12, .tgid = BPF_CORE_READ(task, tgid)};
        key.cgroup = task_cgroup(task, false);
        __u64 *last = bpf_map_lookup_elem(&sampled, &key);
        if (last && now - *last < EVENT_SAMPLE_AGAIN)
                return 0;
        count_made(EVENT_SAMPLE);
        header_fill(&record.header, EVENT_SAMPLE, task, false);
        if (emit(&record.header, EVENT_SAMPLE, sizeof(record)))
                bpf_map_update_elem(&sampled, &key, &now, BPF_ANY);
        return 0;
}

SEC("raw_tp/local_timer_entry")
int sample_tick(void *ctx)
{
        struct task_struct *task = bpf_get_current_task_btf();
        __u64 now = bpf_ktime_get_boot_ns();
        if (!task->tgid || !task->mm || is_young(task, true, now))
                return 0;
        return sample(task, registers_address((const void *)bpf_task_pt_regs(task)), now);
}

SEC("perf_event")
int sample_perf(void *ctx)
{
        struct task_struct *task = (void *)bpf_get_current_task();
        __u64 now = bpf_ktime_get_boot_ns();
        __u64 address = perf_event_address(ctx);
        /* Only what was interrupted in user space has its registers here. */
        if (!BPF_CORE_READ(task, tgid) || !BPF_CORE_READ(task, mm) || address >> 63 ||
            is_young(task, false, now))
                return 0;
        return sample(task, address, now);
}
