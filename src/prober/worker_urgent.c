/* SPDX-License-Identifier: Apache-2.0 */

/* What cannot wait is answered by a second thread, while the first one walks a root or the memory of a
 * process. It has everything of its own but the inventories, which it asks while nothing of them is changed.
 * Whatever they cannot tell at once stays for the first one: an answer that is given is the one that it would
 * give. */

#include "prober/worker_memory.h"

#include "prober/worker_jobs.h"

#include <errno.h>
#include <time.h>

enum { PATIENCE_NS = 100000000 }; /* for the first one to change what it is about to */

int roots_lock(struct worker *w)
{
        if (!w->first)
                return -pthread_mutex_lock(&w->lock);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PATIENCE_NS;
        if (until.tv_nsec >= 1000000000) {
                until.tv_nsec -= 1000000000;
                until.tv_sec++;
        }
        return pthread_mutex_clocklock(&w->first->lock, CLOCK_MONOTONIC, &until) ? -EAGAIN : 0;
}

void roots_unlock(struct worker *w)
{
        pthread_mutex_unlock(w->first ? &w->first->lock : &w->lock);
}

struct cached_root *root_find(struct worker *w, const char *root_id)
{
        return root_id ? map_get_str(w->first ? &w->first->roots : &w->roots, root_id) : NULL;
}

int worker_urgent_new(const struct cgroup_choice *cgroup, struct worker *first, struct worker **ret)
{
        struct worker *w = NULL;
        int r = worker_new(cgroup, &w);
        if (r < 0)
                return r;
        w->first = first;
        *ret = w;
        return 0;
}

int worker_do_urgent(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        bool mine = job->kind == PROBE_PROCESS || job->kind == PROBE_FILE || job->kind == PROBE_FUNCTIONS;
        return mine ? worker_do(w, job, reply) : -EOPNOTSUPP;
}
