/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_jobs.h"

#include "evidence/native_calls.h"
#include "prober/reply.h"
#include "prober/target.h"

#include <errno.h>

enum { CALLS_BYTES = 32 << 20, CALLS_CPU_NS = 50000000 };

int worker_calls(const struct probe_job *job, struct buf *reply)
{
        _cleanup_(target_done) struct target t = {};
        _cleanup_image_ struct image image = {};
        bool called[NATIVE_FUNCTIONS_MOST];
        if (!job->pid || job->query_count > NATIVE_FUNCTIONS_MOST)
                return -EINVAL;
        int r = target_open(job->pid, &t);
        struct image_source source = target_source(&t);
        struct image_budget budget = {CALLS_BYTES, CALLS_CPU_NS};
        if (r == 0)
                r = image_open(&image, &source, t.areas, t.area_count, budget);
        if (r == 0)
                r = native_called(&image, job->queries, job->query_count, called);
        if (r == 0)
                calls_reply_pack(called, job->query_count, reply);
        return r;
}
