/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* First seen, then silence, in user space: for hooks whose records do not pass through a BPF program.
 * Bounded: what was not met for long is forgotten, which costs a repetition and never a fact. */

#include "base/macro.h"

struct dedup_key {
        uint64_t owner; /* workload cgroup; see `by_process` */
        uint64_t inode, generation;
        uint64_t path; /* map_hash of it, made odd: never 0 */
        uint32_t device;
        uint32_t by_process; /* 1: owner is a tgid, because the cgroup is not known */
};

struct dedup {
        struct dedup_set {
                struct dedup_key *keys; /* open addressing; path 0: empty slot */
                size_t count;
        } young, old;
        size_t room; /* keys a set */
};

/* Remember the last `room` to 2 * `room` keys. 0 or -ENOMEM. */
int dedup_init(struct dedup *d, size_t room);
void dedup_done(struct dedup *d);
/* True when the key was not there; it is now. */
bool dedup_is_new(struct dedup *d, const struct dedup_key *key);
/* Whatever was remembered of the file with this inode number is new again. */
void dedup_forget(struct dedup *d, uint64_t inode);
void dedup_forget_all(struct dedup *d);
