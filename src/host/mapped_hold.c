/* SPDX-License-Identifier: Apache-2.0 */

/* The links in /proc/PID/map_files want rights that the sensor has given out of its hands for everything
 * else: they are in effect for this one call only. */

#include "host/mapped_hold.h"

#include "base/file.h"
#include "base/macro.h"
#include "host/raised.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

enum { CHECKPOINT_RESTORE = 40 }; /* has no name in libcap of older distributions */

int mapped_file_hold(int pid, uint64_t start, uint64_t end)
{
        char path[96];
        snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
        static const cap_value_t wanted[] = {CAP_SYS_PTRACE, CHECKPOINT_RESTORE, CAP_SYS_ADMIN,
                                             CAP_DAC_READ_SEARCH};
        cap_t before = rights_raise(wanted, ARRAY_SIZE(wanted));
        int fd = open(path, O_PATH | O_CLOEXEC), r = fd < 0 ? -errno : fd;
        rights_give_back(before);
        return r;
}
