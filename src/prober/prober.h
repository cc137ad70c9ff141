/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The killable worker: reads other processes and foreign files, and hands back records without
 * pointers over socketpairs. Jobs are answered in order, urgent ones beside the others; the deadline is that
 * of the oldest job. A worker that is late is killed with SIGKILL and replaced: its current job fails with
 * -ETIME, the jobs behind it are sent again to the new worker, urgent ones fail. The worker is this program,
 * executed anew
 * (`usewear prober`), so it inherits neither descriptors nor memory. */

#include "base/error.h"
#include "base/wire.h"
#include "evidence/native_find.h"
#include "host/cgroup.h"

struct prober;

enum probe_kind {
        PROBE_PROCESS,   /* pid, flags                        → process_unpack */
        PROBE_SOCKETS,   /* pid                               → socket_unpack */
        PROBE_INVENTORY, /* pid, root_id, hints, things, flags → inventory_reply_unpack */
        PROBE_STAMP,     /* pid, root_id, python_paths        → u64, inventory_stamp */
        PROBE_FILE,      /* pid, root_id, mapping, started    → file_reply_unpack */
        PROBE_FUNCTIONS, /* pid, root_id, mapping, queries    → function_reply_unpack */
        PROBE_CALLS,     /* pid, queries: `container` is a path → calls_reply_unpack */
        PROBE_BREAKS,    /* pid, pieces                       → enum break_state of each as u64 */
        PROBE_RUNTIMES,  /* pid, root_id, python_paths, start, flags, queries → runtime_reply_unpack */
        _PROBE_KIND_MAX,
};

/* Flags of PROBE_INVENTORY. */
enum {
        PROBE_TREE_WHOLE = 1 << 8,   /* the whole tree; takes as long as it takes */
        PROBE_TREE_CACHES = 1 << 9,  /* … with the caches in it */
        PROBE_TREE_MOUNTS = 1 << 10, /* … with network and FUSE file systems in it */
        PROBE_TREE_ONE = 1 << 11,    /* … without any other file system */
        /* What the last answer told is known: look only at places that its job did not name, and answer
         * `same` where nothing came to it. The worker looks at all where it has to. */
        PROBE_TREE_NEWS = 1 << 12,
};

/* Reading stops then; the deadline is later, for the file that is being read. */
#define TIME_LOOK (15 * NS_PER_S)
#define TIME_TREE (840 * NS_PER_S)
#define TIME_MOST (24 * 3600 * NS_PER_S)

/* Flags of PROBE_RUNTIMES. */
enum {
        RUNTIME_AGAIN = 1 << 0, /* look again; else tell what the last look saw, if there was one */
        RUNTIME_ALL = 1 << 1,   /* tell of every function */
        RUNTIME_CLOSE = 1 << 2, /* forget the process afterwards */
};

/* A process that stands for its mount namespace (number of it, as stat of /proc/PID/ns/mnt gives it). */
struct probe_view {
        int pid;
        uint64_t mount_ns;
};

enum { PROBE_PIECES_MOST = 64 }; /* of a job */

/* A mapping of a file, and where breakpoints of probes must be in it. */
struct probe_piece {
        uint64_t start, end, offset;
        const uint64_t *sites; /* offsets in the file; those that are not mapped here do not count */
        size_t site_count;
};

enum break_state {
        BREAKS_SET,
        BREAKS_MISSING, /* one of them, and the mapping is what it was taken for */
        BREAKS_UNREAD,  /* it was unmapped, or is mapped otherwise now */
        _BREAK_STATE_MAX,
};

struct probe_job {
        enum probe_kind kind;
        /* Answered beside the others (PROBE_PROCESS, PROBE_FILE, PROBE_FUNCTIONS), by what is known of roots:
         * -EAGAIN where it is not known, or where telling it could take long. */
        bool urgent;
        int pid;        /* whose procfs entries are the way in; 0: root_path */
        unsigned flags; /* PROCESS_READ_*, PROBE_TREE_*, RUNTIME_* */
        const char *root_id;
        const char *root_path;           /* --root DIR, where pid is 0 */
        const char *const *python_paths; /* inventory hints */
        size_t python_path_count;
        const char *const *places;
        size_t place_count;
        /* The root is what `first` sees (pid 0: what `pid` sees). What processes of other mount namespaces
         * see otherwise is read through these, one of each (PROBE_INVENTORY, PROBE_STAMP). */
        struct probe_view first;
        const struct probe_view *others;
        size_t other_count;
        const char *const *things; /* whose they are is asked; as inventory_owners_named takes them */
        size_t thing_count;
        const char *kernel_release;
        /* PROBE_INVENTORY: ns after which it takes what it has; 0: TIME_LOOK, or TIME_TREE for a whole tree.
         */
        uint64_t time;
        uint64_t start, end,
                offset; /* of PROBE_RUNTIMES: start of the process, boottime ns. Of the mapping; start and end
                           0: the file at `path`, -ESTALE if it changed (ctime) after `started` */
        uint64_t
                inode; /* with a path alone: the number that the file there must have, else -ESTALE; 0: any */
        const char *path;
        bool deleted;
        const struct native_query *queries; /* functions whose places are asked for */
        size_t query_count;
        const struct probe_piece *pieces;
        size_t piece_count;
        int64_t started; /* wall s: start of the process, or of the event that named the path */
};

/* 0: `reply` holds the record; else it is empty: -ETIME (late, killed), -EPIPE (worker died), or what
 * the job failed with. Called from prober_dispatch; may submit further jobs. */
typedef void (*probe_done)(void *context, int status, struct wire *reply);

struct prober_options {
        const struct cgroup_choice *cgroup; /* the one that the sensor uses; NULL: chosen in prober_new */
        uint64_t deadline_ns;               /* for each job; 0: default (2 s; 20 s for PROBE_INVENTORY
                                               and PROBE_FUNCTIONS) */
        const char *program;                /* what to execute; NULL: /proc/self/exe */
};

int prober_new(const struct prober_options *options, struct prober **ret, struct error *error);
struct prober *prober_free(struct prober *p); /* kills the worker; returns NULL */
static inline void prober_freep(struct prober **p)
{
        *p = prober_free(*p);
}
#define _cleanup_prober_ _cleanup_(prober_freep)

/* 0 or -errno; -EAGAIN: nobody answers urgent jobs now. */
int prober_submit(struct prober *p, const struct probe_job *job, probe_done done, void *context);
/* An epoll descriptor that is readable when prober_dispatch has something to do: replies, a deadline,
 * a dead worker. It stays the same over replacements. */
int prober_fd(const struct prober *p);
int prober_dispatch(struct prober *p); /* 0 or -errno: no worker can be started any more */
/* Dispatch until no job is outstanding. */
int prober_run(struct prober *p);
size_t prober_outstanding(const struct prober *p);
/* Nobody wants the answers to what is outstanding any more, but for urgent jobs: no probe_done is called for
 * it, and no context touched. */
void prober_abandon(struct prober *p);

/* Whether this kernel has filters of system calls. Where it has not, the worker runs without one. */
bool prober_filters_calls(void);

struct prober_counts {
        uint64_t jobs, late, died;
};
struct prober_counts prober_counts(const struct prober *p);
/* The number of the worker that runs now (the first is 1), and the CPU ns that it has used; 0 where there is
 * none or that cannot be told. */
uint64_t prober_worker(const struct prober *p, uint64_t *ret_cpu);

/* The worker's side: serve jobs from the socket until it closes. Returns the exit code. */
int prober_serve(int socket_fd);
