/* SPDX-License-Identifier: Apache-2.0 */

/* Many processes share a root and a container: what was found out about them is kept for a second. */

#include "host/process_reader.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/capability.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHE_BYTES = 64 << 20 };

static void cache_clear(struct process_reader *reader)
{
        map_done(&reader->roots);
        map_done(&reader->containers);
        map_done(&reader->cgroups);
        arena_done(&reader->cache);
        reader->cached_at = clock_boottime();
}

void process_reader_refresh(struct process_reader *reader)
{
        if (clock_boottime() - reader->cached_at > NS_PER_S)
                cache_clear(reader);
}

static bool capability_held(cap_value_t capability)
{
        cap_t caps = cap_get_proc();
        cap_flag_value_t value = CAP_CLEAR;
        if (caps)
                cap_get_flag(caps, capability, CAP_EFFECTIVE, &value);
        cap_free(caps);
        return value == CAP_SET;
}

int process_reader_new(const struct cgroup_choice *cgroup, struct process_reader **ret)
{
        struct process_reader *reader = calloc(1, sizeof(*reader));
        struct stat st;
        if (!reader)
                return -ENOMEM;
        reader->cgroup = *cgroup;
        reader->cache = ARENA_INIT(CACHE_BYTES);
        reader->ticks = (uint64_t)sysconf(_SC_CLK_TCK);
        reader->may_trace = capability_held(CAP_SYS_PTRACE);
        reader->host_fd = root_open_host();
        int r = reader->host_fd < 0 ? reader->host_fd : fstat(reader->host_fd, &st) < 0 ? -errno : 0;
        if (r < 0) {
                process_reader_free(reader);
                return r;
        }
        reader->host_device = st.st_dev;
        reader->host_inode = st.st_ino;
        *ret = reader;
        return 0;
}

struct process_reader *process_reader_free(struct process_reader *reader)
{
        if (!reader)
                return NULL;
        cache_clear(reader);
        if (reader->host_fd >= 0)
                close(reader->host_fd);
        free(reader);
        return NULL;
}
