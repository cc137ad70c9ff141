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

/* Process events come in floods and nobody waits for one: the reader's timer fetches them, and only a
 * filling buffer wakes it. Facts that were deduplicated are few and wake it at once. */
static __always_inline __u64 emit_flags(__u32 type)
{
        if (type == EVENT_MAP || type == EVENT_LISTEN || type == EVENT_CONNECT || type == EVENT_FUNCTION ||
            type == EVENT_HOOK)
                return 0;
        return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= wakeup_bytes ? BPF_RB_FORCE_WAKEUP
                                                                           : BPF_RB_NO_WAKEUP;
}

/* False when the buffer is full; counted. */
static __always_inline bool emit(struct event_header *header, __u32 type, __u64 size)
{
        header->size = size;
        if (!bpf_ringbuf_output(&ring, header, size, emit_flags(type)))
                return true;
        count_dropped(type);
        return false;
}

#endif
