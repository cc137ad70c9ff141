/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the look has read, joined to what the store keeps: workloads, evidence, coverage. Reads no file
 * and asks nobody. */

#include "evidence/mapped.h"
#include "host/socket.h"
#include "look/files.h"
#include "look/group.h"
#include "look/roots.h"
#include "look/table.h"

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
        uint64_t start, time; /* boottime ns: of the process, and of the mapping */
        uint64_t inode;
        uint32_t device;
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
        const char *hidden;         /* NULL, or why there may be processes that nobody lists: as above */
        const char *outside;        /* NULL, or what is never listed here: a gap of every workload */
        uint64_t join;              /* number of this join, from 1 */
        uint64_t last_all;          /* number of the last one of all processes; 0: none yet */
        uint64_t joined_all;        /* boottime ns: when that was */
        bool full;                  /* everything was read; else only some processes */
        bool only_new;              /* leave out evidence that an earlier join has put */
        int64_t now, watched_since; /* wall s; 0: no events */
};

/* What all processes are and have used, and what follows from it for each workload. 0 or -ENOMEM. Strings lie
 * in the arena or in the input. */
int join_all(const struct join_input *in, struct arena *a, struct joined *ret);
/* Whether what was read since the last join only adds evidence of workloads that are known: nothing that is
 * said of a workload changes by it, and no negative that reaches up to the last join of all. */
bool join_only_adds(const struct join_input *in);
/* That evidence alone: no workload, no coverage. 0 or -ENOMEM. */
int join_additions(const struct join_input *in, struct arena *a, struct joined *ret);

/* ---- join_file.c ---- */
/* The use of one file by a process of the group; nothing if it was put already. 0 or -ENOMEM. */
int join_file(const struct join_input *in, struct group *g, struct used_file *f, const struct process *p,
              struct arena *a, struct joined *to);
/* The same by a process that ended. */
int join_late_use(const struct join_input *in, struct group *g, const struct late_use *use, struct arena *a,
                  struct joined *to);
/* Whether its evidence was put for the group. */
bool join_has_file(const struct used_file *f, const struct group *g);
