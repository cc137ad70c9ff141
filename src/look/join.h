/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the look has read, joined to what the store keeps: workloads, evidence, coverage. Reads no file
 * and asks nobody. */

#include "evidence/mapped.h"
#include "host/socket.h"
#include "look/files.h"
#include "look/roots.h"
#include "look/table.h"

enum { GROUP_COVERS = 8 };

/* A workload in a root, for as long as the look lives. */
struct group {
        struct arena arena;
        const char *key;           /* workload id and root id */
        uint64_t serial;           /* names it in file marks */
        uint64_t lost_files;       /* mapped by processes that ended before anybody could look */
        uint64_t join;             /* that saw it last */
        uint32_t runtimes;         /* interpreters that its processes held, also those that ended */
        bool sockets_joined;       /* a join with newly read sockets has seen it */
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

struct joined {
        VEC(struct workload) workloads;
        evidence_list evidence;
        coverage_list coverage;
        function_coverage_list functions;
        doubt_list doubts;
        package_list packages; /* stale ones and linked ones, in no inventory */
};
void joined_done(struct joined *j);

/* A file that was mapped by a process which ended before it was looked at. */
struct late_use {
        struct used_file *file;
        const struct entry *neighbour; /* a process of the same workload and root */
        int pid;
        uint64_t start; /* boottime ns */
};
typedef VEC(struct late_use) late_use_list;

struct join_input {
        const struct table *table;
        const struct root_table *roots;
        struct group_table *groups;
        const socket_list *sockets; /* of all network namespaces */
        const char *sockets_unread; /* NULL, or why some could not be read */
        const late_use_list *late;
        uint64_t unplaced;          /* files mapped in no workload that is known: a gap of every one */
        size_t nameless;            /* processes that may belong to any workload: all are blind */
        uint64_t join;              /* number of this join, from 1 */
        bool full;                  /* everything was read; else only some processes */
        bool only_new;              /* leave out evidence that an earlier join has put */
        int64_t now, watched_since; /* wall s; 0: no events */
};

/* The record of (workload, root), made when it is new; NULL: out of memory. */
struct group *groups_intern(struct group_table *t, const char *workload, const char *root);
void groups_sweep(struct group_table *t, uint64_t join); /* forget those that `join` did not see; 0: all */
void groups_done(struct group_table *t);

/* 0 or -ENOMEM. Strings lie in the arena or in the input. */
int join_all(const struct join_input *in, struct arena *a, struct joined *ret);
