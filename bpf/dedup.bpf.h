/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_DEDUP_BPF_H
#define USEWEAR_DEDUP_BPF_H

/* First seen, then silence: a fact of a workload is handed over once. The map forgets what was not met for
 * long, which costs a repetition and never a fact; and a fact that could not be handed over is forgotten
 * at once. */

#include "emit.bpf.h"

struct fact {
        __u64 cgroup;
        __u64 what[3]; /* inode address, number, generation; or peer address and port */
};

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 16384);
        __type(key, struct fact);
        __type(value, __u32);
} files SEC(".maps") __weak;

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 8192);
        __type(key, struct fact);
        __type(value, __u32);
} peers SEC(".maps") __weak;

struct {
        __uint(type, BPF_MAP_TYPE_LRU_HASH);
        __uint(max_entries, 2048);
        __type(key, struct fact);
        __type(value, __u32);
} started SEC(".maps") __weak;

const volatile bool keep_all __weak = false;

/* True when the fact is new (or all are wanted). Without a cgroup nothing can be told apart. */
static __always_inline bool fact_is_new(void *map, const struct fact *fact)
{
        __u32 one = 1;
        if (keep_all || !fact->cgroup)
                return true;
        if (bpf_map_lookup_elem(map, fact))
                return false;
        return bpf_map_update_elem(map, fact, &one, BPF_NOEXIST) != -EEXIST;
}

static __always_inline void fact_forget(void *map, const struct fact *fact)
{
        if (!keep_all)
                bpf_map_delete_elem(map, fact);
}

#endif
