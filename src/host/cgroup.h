/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which cgroup hierarchy tells workloads apart here, and how the kernel side finds its id. On pure v2
 * it is the v2 id; on v1 and hybrid layouts the v2 id is the same for all, and the id of one v1
 * controller is used. */

#include "base/str.h"

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

struct cgroup_choice {
        enum cgroup_layout layout;
        char controller[32]; /* v1 controller chosen ("memory", "pids" …), "" for v2 */
        /* The folder that paths start from, "" if there is none: where the hierarchy is mounted; in a cgroup
         * namespace whose mount reaches out of it, the namespace's root there. */
        char mount[1024];
        unsigned above; /* levels above that folder which the mount shows */
        int subsystem;  /* index of the controller in task->cgroups->subsys[], -1 for v2 */
};

/* Decide from /proc/cgroups, /proc/self/mountinfo and the cgroups of the processes that run now. */
int cgroup_choose(struct cgroup_choice *ret);
/* The path in the chosen hierarchy, out of the text of /proc/PID/cgroup; empty when it is not listed. */
struct span cgroup_path(const struct cgroup_choice *choice, struct span cgroup_file);
/* kn->id of a cgroup path in the chosen hierarchy (inode number of its directory), 0 if not to be had. */
uint64_t cgroup_id(const struct cgroup_choice *choice, const char *path);
/* Whether processes are told with paths from the root of the hierarchy: this is the initial namespace. */
bool cgroup_paths_are_whole(void);
/* Whether there is no hierarchy but v2, be it without a controller. */
bool cgroup_is_alone(void);
const char *cgroup_layout_name(enum cgroup_layout layout); /* "v2", "hybrid", "v1", "none" */
