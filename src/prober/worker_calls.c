/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_file.h"

#include "evidence/native_calls.h"
#include "prober/reply.h"
#include "prober/target.h"

#include <errno.h>

enum { CALLS_BYTES = 32 << 20, CALLS_CPU_NS = 50000000 };

/* Where the file begins that is mapped at the job's address, if it is still the one of that name; else 0. */
static uint64_t begin_of(const struct target *t, const struct probe_job *job)
{
        uint64_t begin = 0;
        for (size_t i = 0; i < t->area_count && t->areas[i].start <= job->start; i++) {
                bool same = str_equal(t->areas[i].path, job->path);
                if (same && !t->areas[i].offset)
                        begin = t->areas[i].start;
                if (same && t->areas[i].start == job->start)
                        return begin;
        }
        return 0;
}

int worker_calls(const struct probe_job *job, struct buf *reply)
{
        _cleanup_(target_done) struct target t = {};
        _cleanup_image_ struct image image = {};
        bool called[NATIVE_FUNCTIONS_MOST];
        if (!job->pid || !job->path || job->query_count > NATIVE_FUNCTIONS_MOST)
                return -EINVAL;
        int r = target_open(job->pid, &t);
        uint64_t begin = r == 0 ? begin_of(&t, job) : 0;
        if (r == 0 && !begin)
                r = -ESRCH;
        struct image_source source = target_source(&t);
        struct image_budget budget = {CALLS_BYTES, CALLS_CPU_NS};
        if (r == 0)
                r = image_open(&image, &source, t.areas, t.area_count, budget);
        if (r == 0)
                r = native_called(&image, begin, job->queries, job->query_count, called);
        if (r == 0)
                calls_reply_pack(called, job->query_count, reply);
        return r;
}
