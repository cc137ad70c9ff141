/* SPDX-License-Identifier: Apache-2.0 */

/* The links in /proc/PID/map_files want rights that the sensor has given out of its hands for everything
 * else: they are in effect for this one call only. */

#include "host/mapped_hold.h"

#include "base/file.h"
#include "base/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/capability.h>

enum { CHECKPOINT_RESTORE = 40 }; /* has no name in libcap of older distributions */

/* Put these into effect, as far as they are permitted; the set before, or NULL. */
static cap_t raise_rights(void)
{
        static const cap_value_t wanted[] = {CAP_SYS_PTRACE, CHECKPOINT_RESTORE, CAP_SYS_ADMIN,
                                             CAP_DAC_READ_SEARCH};
        cap_t before = cap_get_proc(), raised = before ? cap_dup(before) : NULL;
        for (size_t i = 0; raised && i < ARRAY_SIZE(wanted); i++) {
                cap_flag_value_t permitted = CAP_CLEAR;
                if (cap_get_flag(raised, wanted[i], CAP_PERMITTED, &permitted) == 0 && permitted == CAP_SET)
                        cap_set_flag(raised, CAP_EFFECTIVE, 1, &wanted[i], CAP_SET);
        }
        bool done = raised && cap_set_proc(raised) == 0;
        cap_free(raised);
        if (!done) {
                cap_free(before);
                return NULL;
        }
        return before;
}

int mapped_file_hold(int pid, uint64_t start, uint64_t end)
{
        char path[96];
        snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, start, end);
        cap_t before = raise_rights();
        int fd = open(path, O_PATH | O_CLOEXEC), r = fd < 0 ? -errno : fd;
        if (before)
                cap_set_proc(before);
        cap_free(before);
        return r;
}
