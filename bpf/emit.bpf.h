/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_EMIT_BPF_H
#define USEWEAR_EMIT_BPF_H

/* How a record leaves the kernel, and how nothing is lost in silence: every event that a program makes is
 * counted, and ends as handed over, deduplicated or dropped. The maps are weak because each object of the
 * skeleton declares them; the linker keeps one. */

#include "compat.bpf.h"
#include "event.h"

struct {
        __uint(type, BPF_MAP_TYPE_RINGBUF);
        __uint(max_entries, 4096); /* sized by user space */
} ring SEC(".maps") __weak;

struct {
        __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
        __uint(max_entries, _EVENT_MAX);
        __type(key, __u32);
        __type(value, struct event_tally);
} tallies SEC(".maps") __weak;

struct {
        __uint(type, BPF_MAP_TYPE_HASH);
        __uint(max_entries, 64);
        __type(key, struct event_error);
        __type(value, __u64);
} errors SEC(".maps") __weak;

const volatile int cgroup_subsystem __weak = -1; /* index in css_set.subsys[], -1: the v2 hierarchy */
const volatile __u32 wakeup_bytes __weak = 0;    /* wake the reader of process events at this fill */

/* Each CPU has its own counts, and yet additions are atomic: a program that may be preempted can be
 * interrupted by another of the same type between reading and writing. */
static __always_inline struct event_tally *tally_of(__u32 type)
{
        return bpf_map_lookup_elem(&tallies, &type);
}

static __always_inline void count_made(__u32 type)
{
        struct event_tally *tally = tally_of(type);
        if (tally)
                __sync_fetch_and_add(&tally->made, 1);
}

static __always_inline void count_deduplicated(__u32 type)
{
        struct event_tally *tally = tally_of(type);
        if (tally)
                __sync_fetch_and_add(&tally->deduplicated, 1);
}

static __always_inline void count_dropped(__u32 type)
{
        struct event_tally *tally = tally_of(type);
        if (tally)
                __sync_fetch_and_add(&tally->dropped, 1);
}

static __always_inline void count_error(__u32 type, long error)
{
        struct event_error key = {.type = type, .error = -error};
        __u64 *count = bpf_map_lookup_elem(&errors, &key), one = 1;
        if (count)
                __sync_fetch_and_add(count, 1);
        else
                bpf_map_update_elem(&errors, &key, &one, BPF_NOEXIST);
}

static __always_inline bool emit_with(struct event_header *header, __u32 type, __u64 size, __u64 flags)
{
        header->size = size;
        if (!bpf_ringbuf_output(&ring, header, size, flags))
                return true;
        count_dropped(type);
        return false;
}

/* For what comes in floods, and nobody waits for: the reader's timer fetches it, and only a filling buffer
 * wakes the reader. False when the buffer is full; counted. */
static __always_inline bool emit(struct event_header *header, __u32 type, __u64 size)
{
        bool fills = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wakeup_bytes;
        return emit_with(header, type, size, fills ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* For facts that are new, which are few. Without being forced, a record behind others that nobody fetched yet
 * wakes nobody (bpf_ringbuf_commit in kernel/bpf/ringbuf.c). */
static __always_inline bool emit_now(struct event_header *header, __u32 type, __u64 size)
{
        return emit_with(header, type, size, BPF_RB_FORCE_WAKEUP);
}

#endif
