/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_jobs.h"

#include "evidence/native_calls.h"
#include "prober/reply.h"
#include "prober/target.h"
#include "prober/worker_slots.h"

#include <errno.h>

enum { CALLS_BYTES = 32 << 20, CALLS_CPU_NS = 50000000 };

static int read_traces(struct target *t, const bool *chosen, const struct probe_job *job, bool *ret_called)
{
        _cleanup_image_ struct image image = {};
        struct image_source source = target_source(t);
        struct image_budget budget = {CALLS_BYTES, CALLS_CPU_NS};
        int r = image_open(&image, &source, t->areas, t->area_count, budget);
        return r < 0 ? r : native_called(&image, chosen, job->queries, job->query_count, ret_called);
}

int worker_calls(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        _cleanup_(target_done) struct target t = {};
        _cleanup_free_ bool *chosen = NULL;
        bool called[NATIVE_FUNCTIONS_MOST] = {};
        if (!job->pid || job->query_count > NATIVE_FUNCTIONS_MOST)
                return -EINVAL;
        int r = target_open(job->pid, &t);
        if (r < 0)
                return r;
        chosen = calloc(t.area_count, sizeof(*chosen));
        if (!chosen)
                return -ENOMEM;
        ssize_t count = worker_slots_choose(w, job->pid, t.areas, t.area_count, job->queries,
                                            job->query_count, chosen);
        r = count > 0 ? read_traces(&t, chosen, job, called) : (int)count;
        if (r == 0)
                calls_reply_pack(called, job->query_count, count == 0, reply);
        return r;
}
