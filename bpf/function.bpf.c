/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* A probed function ran, or a hook of the user fired. The first hit of each workload is an event, all others
 * are only counted: user space takes probes away that have told everything, and those that are too hot. Two
 * ways of attaching, one program each: many probes by one link (uprobe_multi, Linux 6.6), or a perf event for
 * each of them. */

#include "task.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 16384);
        __type(key, struct event_hit);
        __type(value, __u32);
} function_hits SEC(".maps");

struct {
        __uint(type, BPF_MAP_TYPE_ARRAY);
        __uint(max_entries, EVENT_PROBES);
        __uint(map_flags, BPF_F_MMAPABLE); /* read four times a second for each probe */
        __type(key, __u32);
        __type(value, __u64);
} function_counts SEC(".maps");

static __always_inline int function_ran(__u64 cookie)
{
        __u32 type = cookie & EVENT_PROBE_HOOK ? EVENT_HOOK : EVENT_FUNCTION;
        __u64 probe = cookie & ~(__u64)EVENT_PROBE_HOOK;
        struct event_function record = {.probe = probe};
        struct task_struct *task = (void *)bpf_get_current_task();
        struct event_hit hit = {.cgroup = task_cgroup(task, false), .probe = probe};
        __u32 index = probe, one = 1;
        __u64 *count = bpf_map_lookup_elem(&function_counts, &index);
        if (count)
                __sync_fetch_and_add(count, 1);
        if (hit.cgroup && bpf_map_lookup_elem(&function_hits, &hit))
                return 0;
        if (hit.cgroup && bpf_map_update_elem(&function_hits, &hit, &one, BPF_NOEXIST) == -EEXIST)
                return 0;
        count_made(type);
        header_fill(&record.header, type, task, false);
        if (!emit_now(&record.header, type, sizeof(record)))
                bpf_map_delete_elem(&function_hits, &hit);
        return 0;
}

SEC("uprobe.multi")
int function_multi(struct pt_regs *ctx)
{
        return function_ran(probe_number(ctx));
}

SEC("uprobe")
int function_single(struct pt_regs *ctx)
{
        return function_ran(probe_number(ctx));
}

SEC("tracepoint")
int hook_tracepoint(void *ctx)
{
        return function_ran(probe_number(ctx));
}
