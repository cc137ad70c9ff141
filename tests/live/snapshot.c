/* SPDX-License-Identifier: Apache-2.0 */
/* Prints every mapping of the snapshot: "PID START-END OFFSET INODE START_TIME PATH", numbers in hex but
 * pid, inode and time. Exit 3 with the reason where there is no iterator. */
#include "sensor/sensor.h"

#include <inttypes.h>
#include <stdio.h>

static int print(void *context, const struct snapshot_mapping *m)
{
        ++*(size_t *)context;
        printf("%u %" PRIx64 "-%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %s\n", m->tgid, m->start,
               m->end, m->offset, m->inode, m->start_time, m->path);
        return 0;
}

int main(void)
{
        struct hook hook;
        size_t count = 0;
        if (sensor_snapshot(print, &count, &hook) < 0) {
                puts(hook.reason);
                return 3;
        }
        return count ? 0 : 1;
}
