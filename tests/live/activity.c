/* SPDX-License-Identifier: Apache-2.0 */
/* live-activity: for each line of the input, which is a pid, what its threads have done up to now: "TID
 * RUNNING SWITCHES RUNTIME ENDED_SWITCHES ENDED_RUNTIME GROUPS START" each, then "." and how many threads
 * there are in all. Exit 3 where there is no iterator. */
#include "sensor/sensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
        uint32_t pid;
        size_t threads;
};

static int print(void *context, const struct activity_thread *t)
{
        struct reading *r = context;
        r->threads++;
        if (t->tgid == r->pid)
                printf("%u %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                       t->tid, t->running, t->switches, t->runtime, t->ended_switches, t->ended_runtime,
                       t->groups, t->start);
        return 0;
}

int main(void)
{
        _cleanup_activity_ struct activity *a = NULL;
        char line[64];
        if (activity_open(&a) < 0)
                return 3;
        while (fgets(line, sizeof(line), stdin)) {
                struct reading r = {.pid = (uint32_t)atoi(line)};
                if (activity_read(a, print, &r) < 0)
                        return 1;
                printf(". %zu\n", r.threads);
                fflush(stdout);
        }
        return 0;
}
