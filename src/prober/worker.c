/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_jobs.h"

#include "host/socket.h"
#include "prober/worker_root.h"
#include "prober/worker_slots.h"

#include <errno.h>

/* One job's work. Nothing is kept between jobs but caches, and what engines know of processes. */

enum { RECORD_ARENA = 64 << 20, NAMES_BYTES = 64 << 20 };

int worker_new(const struct cgroup_choice *cgroup, struct worker **ret)
{
        struct worker *w = calloc(1, sizeof(*w));
        if (!w)
                return -ENOMEM;
        w->names = ARENA_INIT(NAMES_BYTES);
        pthread_mutexattr_t again;
        pthread_mutexattr_init(&again);
        pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(&w->lock, &again);
        int r = process_reader_new(cgroup, &w->reader);
        if (r < 0) {
                worker_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

struct worker *worker_free(struct worker *w)
{
        if (!w)
                return NULL;
        worker_runtimes_done(w);
        worker_roots_done(w);
        worker_slots_done(w);
        map_done(&w->files);
        arena_done(&w->names);
        process_reader_free(w->reader);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return NULL;
}

static int do_process(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(RECORD_ARENA);
        _cleanup_(process_done) struct process p = {};
        int r = process_read(w->reader, job->pid, job->flags & _PROCESS_READ_ALL, &a, &p);
        if (r == 0)
                process_pack(&p, reply);
        return r;
}

static int do_sockets(const struct probe_job *job, struct buf *reply)
{
        socket_list list = {};
        int r = socket_read(job->pid, &list);
        if (r == 0)
                socket_pack(&list, reply);
        vec_done(&list);
        return r;
}

int worker_do(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        w->viewed = false;
        switch (job->kind) {
        case PROBE_PROCESS:
                return do_process(w, job, reply);
        case PROBE_SOCKETS:
                return do_sockets(job, reply);
        case PROBE_FILE:
                return worker_file(w, job, reply);
        case PROBE_INVENTORY:
                return worker_inventory(w, job, reply);
        case PROBE_STAMP:
                return worker_stamp(w, job, reply);
        case PROBE_FUNCTIONS:
                return worker_functions(w, job, reply);
        case PROBE_CALLS:
                return worker_calls(w, job, reply);
        case PROBE_BREAKS:
                return worker_breaks(job, reply);
        case PROBE_RUNTIMES:
                return worker_runtimes(w, job, reply);
        case _PROBE_KIND_MAX:
                break;
        }
        return -EOPNOTSUPP;
}
