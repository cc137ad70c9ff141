/* SPDX-License-Identifier: Apache-2.0 */

/* What cannot wait is answered by a second thread, while the first one walks a root or the memory of a
 * process. It has everything of its own but the inventories, which it asks while nothing of them is changed.
 * Whatever they cannot tell at once stays for the first one: an answer that is given is the one that it would
 * give. */

#include "prober/worker_memory.h"

#include <errno.h>

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
