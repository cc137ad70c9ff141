/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A workload in a root, for as long as the look lives: what every join has to know of the ones before. Only
 * files of this folder see it. */

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "evidence/mapped.h"

enum { GROUP_COVERS = 8 };

struct group {
        struct arena arena;
        const char *key;           /* workload id and root id */
        uint64_t serial;           /* names it in file marks */
        uint64_t lost_files;       /* mapped by processes that ended before anybody could look */
        uint64_t join;             /* the last one of all processes that saw it; 0: none yet */
        uint32_t runtimes;         /* interpreters that its processes held, also those that ended */
        bool sockets_joined;       /* a join with newly read sockets has seen it */
        bool privileged;           /* the last join of all saw a process with privileges */
        VEC(uint64_t) instances;   /* hashes of those that the last join of all saw */
        struct workload *workload; /* of the join that runs now */
        const char *unread;        /* of it: what could not be examined */
        uint64_t doubtful;         /* of it: mapped files that may be a copy of anything */
        struct runtime_cover covers[GROUP_COVERS]; /* what engines say, of the look that runs now */
        size_t cover_count;
        uint64_t ended_runtimes; /* processes with an interpreter that ended since it was looked at last */
        const char *undirected;  /* of it: a socket that may let others in */
};

struct group_table {
        struct map groups;
        uint64_t serials;
};

/* The record of (workload, root), or NULL. */
struct group *groups_find(const struct group_table *t, const char *workload, const char *root);
/* The same, made when it is new; NULL: out of memory. */
struct group *groups_intern(struct group_table *t, const char *workload, const char *root);
void groups_sweep(struct group_table *t, uint64_t join); /* forget those that `join` did not see; 0: all */
void groups_done(struct group_table *t);
