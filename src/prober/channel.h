/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: the frames on the socketpair (a length, then so many bytes), and what is in them. */

#include "host/cgroup.h"
#include "prober/prober.h"

enum {
        JOB_BYTES = 4 << 20,          /* most bytes of one job */
        REPLY_BYTES = 64 << 20,       /* most bytes of one reply: an inventory of 100,000 packages */
        PROBER_SOCKET = 3,            /* the descriptor that the worker finds its socket at … */
        SPAWN_SOCKETS = 2,            /* … and behind it the one of urgent jobs */
        PROBE_NO_INVENTORY = 1 << 16, /* job flag: the root's inventory hung before, do not read it */
};

/* Pack and unpack one job, its id in front. The unpacked strings lie in the arena. */
void job_pack(uint64_t id, const struct probe_job *job, struct buf *to);
int job_unpack(struct wire *from, struct arena *a, uint64_t *ret_id,
               struct probe_job *ret); /* 0, -EBADMSG, -ENOMEM */

/* What the worker is told before its first job. */
void setup_pack(const struct cgroup_choice *cgroup, struct buf *to);
int setup_unpack(struct wire *from, struct cgroup_choice *ret); /* 0 or -EBADMSG */

/* Add a frame around the bytes. */
void frame_put(struct buf *to, const void *data, size_t size);
/* The first complete frame in the bytes: 1 and its content (`ret_size` all that it takes); 0: more bytes are
 * needed; -EMSGSIZE: longer than `limit`. */
int frame_get(const char *data, size_t size, size_t limit, struct span *ret, size_t *ret_size);

/* The worker: one job's work. */
struct worker;
int worker_new(const struct cgroup_choice *cgroup, struct worker **ret);
struct worker *worker_free(struct worker *w); /* returns NULL */
static inline void worker_freep(struct worker **w)
{
        *w = worker_free(*w);
}
#define _cleanup_worker_ _cleanup_(worker_freep)
/* Do the job and append its record. 0 or -errno. */
int worker_do(struct worker *w, const struct probe_job *job, struct buf *reply);

/* The same for an urgent job, by a worker of worker_urgent_new. */
int worker_do_urgent(struct worker *w, const struct probe_job *job, struct buf *reply);
/* One for another thread, with what `first` knows of roots, which outlives it. */
int worker_urgent_new(const struct cgroup_choice *cgroup, struct worker *first, struct worker **ret);

/* Give up everything that the worker does not need: descriptors were left behind by exec already. Rights and
 * limits first, which threads begun later inherit; then calls, each thread for itself: none can begin
 * another one then. 0 or -errno; what this kernel does not offer is skipped, what it refuses is not. */
int sandbox_rights(void);
int sandbox_calls(void);
