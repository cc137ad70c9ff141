/* SPDX-License-Identifier: Apache-2.0 */
/* Prints every mapping of the second snapshot that one program brings: "PID START-END OFFSET INODE START_TIME
 * PATH", numbers in hex but pid, inode and time. Exit 3 with the reason where there is no iterator. */
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

static int count_only(void *context, const struct snapshot_mapping *m)
{
        (void)m;
        ++*(size_t *)context;
        return 0;
}

int main(void)
{
        _cleanup_snapshot_ struct snapshot *snapshot = NULL;
        struct hook hook;
        size_t before = 0, count = 0;
        if (snapshot_open(&snapshot, &hook) < 0) {
                puts(hook.reason);
                return 3;
        }
        if (snapshot_read(snapshot, count_only, &before) < 0 || snapshot_read(snapshot, print, &count) < 0)
                return 1;
        return before && count ? 0 : 1;
}
