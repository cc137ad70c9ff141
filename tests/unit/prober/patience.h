/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "base/clock.h"
#include "prober/prober.h"

#include <unistd.h>

static inline void prober_patience_take(void *context, int status, struct wire *reply)
{
        (void)reply;
        *(int *)context = status;
}

/* A deadline for workers that are not late: many times what a new worker takes for its first answer, which on
 * a busy emulated processor is a second. ns, at least `least`; 0: there is no worker. */
static inline uint64_t prober_patience(uint64_t least)
{
        struct prober *p = NULL;
        int status = -1;
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = getpid()};
        uint64_t begin = clock_boottime();
        if (prober_new(&(struct prober_options){.deadline_ns = 60 * NS_PER_S}, &p, NULL) < 0)
                return 0;
        bool good = prober_submit(p, &job, prober_patience_take, &status) == 0 && prober_run(p) == 0 &&
                    status == 0;
        uint64_t took = clock_boottime() - begin;
        prober_free(p);
        return !good ? 0 : 10 * took > least ? 10 * took : least;
}
