/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/host: the parts of reading one process that have files of their own. */

#include "base/map.h"
#include "host/container.h"
#include "host/process.h"

struct process_reader {
        struct cgroup_choice cgroup;
        int host_fd; /* "/" of the host */
        uint64_t host_device, host_inode;
        uint64_t ticks; /* clock ticks a second */
        bool may_trace; /* CAP_SYS_PTRACE is held */
        /* Cleared after a second: inode and device numbers of namespaces and mounts are reused. */
        uint64_t cached_at; /* boottime ns */
        struct arena cache;
        struct map roots, containers, cgroups;
};

/* Forget what is older than a second. */
void process_reader_refresh(struct process_reader *reader);

/* Name the workload of p->hint; sets workload_id, workload_name, instance, and the image as root. 0 or
 * -ENOMEM. `at_root`: the process's "/" is that of its mount namespace. */
int process_name_workload(struct process_reader *reader, struct process *p, bool at_root, struct arena *a);

/* Set p->python_paths: where a Python process may import from. `proc_fd` is /proc/PID, `maps` the text of its
 * maps. 0 or -ENOMEM. */
int python_paths_find(int proc_fd, struct span maps, struct arena *a, struct process *p);
/* Set p->places, from the same. 0 or -ENOMEM. */
int places_collect(int proc_fd, struct span maps, struct arena *a, struct process *p);
/* Set p->sockets and p->socket_untold. 0 or -errno. */
int sockets_collect(int proc_fd, struct arena *a, struct process *p);
