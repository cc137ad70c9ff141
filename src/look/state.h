/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a look keeps between its steps; only the files of this folder see it. */

#include "host/machine.h"
#include "look/functions.h"
#include "look/join.h"
#include "look/look.h"
#include "look/quiet.h"
#include "look/runtimes.h"
#include "look/spent.h"
#include "prober/prober.h"
#include "store/store.h"

enum {
        REFRESH_S = 600, /* files are examined again after this */
};

/* A mapping that an event told of, not attributed yet. */
struct late_file {
        int pid;
        uint64_t start, time, cgroup, inode;
        uint32_t device;
        char *path;
};
typedef VEC(struct late_file) late_list;

/* Somebody's mappings, as the iterator over all of them brought them. */
struct seen_process {
        int pid;
        uint64_t start;
        VEC(struct mapping) mappings;
};

struct look {
        struct look_options options;
        int64_t watched_since; /* wall s; 0: not watched */
        struct prober *prober;
        struct store *store;
        struct machine machine;
        struct arena arena; /* as long as the look lives */
        struct table table;
        struct file_cache files;
        struct root_table roots;
        struct inventory_budget inventories;
        struct group_table groups;
        struct native_watch native;
        struct map ran; /* workload, package and file → struct ran_code */
        size_t ran_count;
        struct runtime_watch runtimes;
        struct quiet quiet;
        struct snapshot *snapshot; /* NULL: not opened yet, or cannot be had */
        bool snapshot_refused;
        struct spending spending;
        uint64_t round, joins;
        bool expire_all;                    /* the next full look examines every file anew */
        bool roots_old;                     /* an inventory is to be read again: by the next full look */
        bool thrifty;                       /* looks into processes keep within their budget */
        bool resend;                        /* the last commit failed: put everything again */
        uint64_t weakened, weakened_joined; /* how often something came that no negative may ignore; of those,
                                             * what is joined */
        uint64_t last_all, joined_all,
                join_cost; /* last join of all: its number; boottime ns when; CPU ns that it took */

        struct map made_cgroups; /* by id; whose they are */
        late_list late_files;
        uint64_t late_overflow; /* mappings that found no room in late_files */
        uint64_t unplaced;      /* files mapped in workloads of which no process was ever looked at */
        loss_list losses;       /* not committed yet */

        /* of the look that runs now */
        bool waiting; /* for the worker: what events tell may be asked beside that */
        struct arena scratch;
        struct map seen; /* pid → struct seen_process */
        socket_list sockets;
        const char *sockets_unread;
        const char *hidden;            /* NULL, or why processes may be missing in the list */
        size_t nameless;               /* processes of which not even the workload could be read */
        int nameless_pid;              /* one of them */
        VEC(struct used_file *) asked; /* files asked for in this pass */
        late_use_list late_uses;
        VEC(const char *) limits;
};

/* ---- made_cgroups.c ---- */
/* Whose the processes in a cgroup are that was made since the watch began, as workload_of_path() tells; NULL:
 * that is not known. */
const char *made_cgroup_workload(const struct look *l, uint64_t cgroup);
/* A process has left it (0: nobody knows which one it was) for another one: what it mapped there it may run
 * elsewhere, so that it is nobody's. */
void made_cgroup_left(struct look *l, uint64_t cgroup);
void made_cgroups_done(struct look *l);

/* ---- limits.c ---- */
/* Add a sentence to what could not be seen. */
void look_limit(struct look *l, const char *format, ...) _printf_(2, 3);
/* Note a loss for the store; equal ones are summed. `what` is copied. */
void look_loss(struct look *l, const char *what, uint64_t count);
/* Why processes could not be read, before what only some root lacks. 0 or -ENOMEM. */
int limits_put_unreadable_first(struct look *l);

/* Each asks the prober, and waits. 0 or -errno with a sentence. */
/* read_processes.c */
int read_snapshot(struct look *l); /* never fails: without it, each process is asked for its mappings */
void forget_snapshot(struct look *l);
int read_processes(struct look *l, const int *pids, size_t count, struct error *error);
/* Those of them that have run, or map other files, since they were read. */
int read_changed_processes(struct look *l, const int *pids, size_t count, struct error *error);
/* read_sockets.c */
int read_sockets(struct look *l, struct error *error);
/* read_roots.c: those never read, or also old ones */
int read_roots(struct look *l, bool only_new, struct error *error);
/* read_files.c */
/* The question whose the file of this mapping is; strings are borrowed. */
struct probe_job file_job(const struct look *l, const struct known_root *root, const struct entry *e,
                          const struct mapping *m);
/* Whose version a replaced file is, when the package manager's log does not reach back that far, and whose a
 * program or library is that nobody owns any more: the one that it was last seen to belong to. 0 or -errno
 * with a sentence. */
int read_recall_owner(struct look *l, struct used_file *f, struct error *error);
int read_files(struct look *l, enum entry_choice choice, struct error *error);

/* How much a look has to put. */
enum look_extent {
        EXTENT_ADDITIONS, /* new evidence of workloads that are known */
        EXTENT_ALL,       /* also what all processes say of their workloads */
        EXTENT_FULL,      /* the same, all read anew */
};
/* commit.c: 0 or -errno with a sentence; then the next join has to put everything. */
int look_commit(struct look *l, const struct joined *j, enum look_extent extent, int64_t now,
                struct error *error);

/* conclude.c */
/* Whether what all processes say is to be joined again, as soon as anything happens. */
bool look_join_is_due(const struct look *l);
/* Whose the late files are, what follows for probes and engines, the join and its commit. 0 or -errno with a
 * sentence. */
int look_conclude(struct look *l, bool full, size_t *ret_workloads, struct error *error);

/* late.c: files mapped by processes that are gone, asked for by their path. 0 or -errno with a sentence. */
int read_late_files(struct look *l, struct error *error);

/* code_ran.c: add what was not committed yet. 0 or -ENOMEM. */
int code_ran_join(struct look *l, evidence_list *to);
void code_ran_committed(struct look *l);
void code_ran_done(struct look *l);
