/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_memory.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

/* A job speaks of a root by its id and of the process that lives in it by its number, and numbers are given
 * again: before anything is opened, the process has to be the one that was meant, and its root as well. */

enum { PROCESS_ARENA = 8 << 20 };
#define FUSE_MAGIC 0x65735546 /* linux/magic.h has it as FUSE_SUPER_MAGIC since Linux 5.17 */
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define P9_MAGIC   0x01021997

static int process_root_open(struct worker *w, const struct probe_job *job)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(PROCESS_ARENA);
        _cleanup_(process_done) struct process p = {};
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d", job->pid);
        _cleanup_close_ int proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        int r = process_read(w->reader, job->pid, 0, &a, &p);
        if (r < 0)
                return r;
        /* Both are cut to whole seconds, by clocks that are steered. */
        bool reused = (job->kind == PROBE_FILE || job->kind == PROBE_FUNCTIONS) && job->end &&
                      llabs((long long)(clock_wall_of(p.start) - job->started)) > 2;
        if (reused)
                return -ESRCH;
        if (!str_equal(p.root.id, job->root_id))
                return p.root.id ? -ESRCH : -EACCES;
        return root_open(proc_fd);
}

int worker_root_open(struct worker *w, const struct probe_job *job)
{
        if (job->pid)
                return process_root_open(w, job);
        if (!job->root_path)
                return -EINVAL;
        int fd = open(job->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int worker_path_in_root(const struct probe_job *job, struct arena *a, const char **ret)
{
        char proc[32];
        snprintf(proc, sizeof(proc), "/proc/%d", job->pid);
        _cleanup_close_ int proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *path = proc_fd < 0 ? job->path : root_path(proc_fd, job->path);
        *ret = arena_strdup(a, path);
        return *ret ? 0 : -ENOMEM;
}

/* The kernel reads the page that it probes: where that can block for ever it would block the sensor. */
bool worker_file_may_block(int fd)
{
        struct statfs fs;
        if (fstatfs(fd, &fs) < 0)
                return true;
        unsigned long type = (unsigned long)fs.f_type & 0xffffffff;
        return type == FUSE_MAGIC || type == NFS_SUPER_MAGIC || type == CIFS_MAGIC || type == SMB2_MAGIC ||
               type == P9_MAGIC || type == AUTOFS_SUPER_MAGIC;
}
