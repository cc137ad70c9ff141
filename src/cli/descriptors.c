/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel's objects take some 150, and below Linux 6.6 two or three for each probe; a shell allows 1024 or
 * fewer until asked for more. */

#include "cli/descriptors.h"

#include "base/log.h"

#include <sys/resource.h>

void descriptors_allow(void)
{
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
}

size_t descriptors_few(void)
{
        struct rlimit limit;
        return getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS_NEEDED
                       ? 0
                       : (size_t)limit.rlim_cur;
}

void descriptors_tell_few(void)
{
        size_t most = descriptors_few();
        if (most)
                log_note("only %zu files may be open here, and %d are needed: raise ulimit -n, or "
                         "LimitNOFILE= "
                         "in a unit",
                         most, DESCRIPTORS_NEEDED);
}
