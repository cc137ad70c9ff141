/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A live process and what it has mapped executable. Read in the prober worker (process_read), carried
 * over the wire, kept by the sensor process. Strings lie in the arena that filled them. */

#include "base/arena.h"
#include "base/vec.h"
#include "base/wire.h"
#include "host/cgroup.h"
#include "host/root.h"
#include "host/workload.h"

/* Process start times come from /proc (10 ms ticks) and from the kernel (ns). Both are cut to this. */
#define PROCESS_START_GRAIN 10000000ull

struct mapping {
        uint64_t start, end, offset; /* addresses; offset in the file, bytes */
        uint64_t inode;              /* with device: tells mapped files of one look apart, nothing else */
        uint32_t device;
        bool deleted;     /* unlinked, or a memfd */
        bool unprobed;    /* writable, or shared: the kernel sets no probes in it (kernel/events/uprobes.c,
                           * valid_vma) */
        const char *path; /* as the kernel prints it, without " (deleted)" */
};

/* Whether so many mappings are the same in both, in this order; their devices are not compared. */
bool mappings_equal(const struct mapping *x, const struct mapping *y, size_t count);

struct process {
        int pid, ppid;         /* initial pid namespace */
        uint64_t start;        /* boottime ns, cut to PROCESS_START_GRAIN */
        uint32_t uid;          /* effective */
        uint64_t capabilities; /* effective set */
        char comm[16];
        const char *exe; /* or NULL: kernel thread, or not allowed */
        uint64_t mount_ns, pid_ns, net_ns;
        uint64_t cgroup_id; /* workload cgroup (cgroup.h), 0 unknown */
        struct root root;
        struct workload_hint hint;
        const char *workload_id, *workload_name, *instance; /* instance may be NULL */
        bool kernel;                                        /* a thread of the kernel: it maps no file */
        bool forked;                                        /* it has executed no program since its fork */
        bool setuid;                  /* effective uid differs from the real one, or the exe is setuid */
        const char *unreadable;       /* NULL, or what could not be read and why */
        VEC(struct mapping) mappings; /* executable and file-backed ones only */
        VEC(uint64_t) sockets;        /* inode numbers of open sockets */
        const char *socket_untold; /* NULL, or the protocol of one that no table lists (socket.h): "SCTP" */
        VEC(const char *)
        python_paths; /* candidate module directories of an interpreter (absolute, in its root) */
        /* Where it may have its code from (absolute, in its root): working directory, program, scripts and
         * archives of the command line, open archives. */
        VEC(const char *) places;
};

void process_done(struct process *p); /* frees the arrays; strings are the arena's */

enum {
        PROCESS_READ_MAPPINGS = 1 << 0, /* parse maps; left out where iter/task_vma brought them */
        PROCESS_READ_SOCKETS = 1 << 1,
        _PROCESS_READ_ALL = (1 << 2) - 1,
};

/* What the reading of all processes has in common: the host's root, the cgroup hierarchy, and for a
 * second what was found out about roots and containers, because many processes share them. */
struct process_reader;
int process_reader_new(const struct cgroup_choice *cgroup, struct process_reader **ret); /* 0 or -errno */
struct process_reader *process_reader_free(struct process_reader *reader);               /* returns NULL */
static inline void process_reader_freep(struct process_reader **reader)
{
        *reader = process_reader_free(*reader);
}
#define _cleanup_process_reader_ _cleanup_(process_reader_freep)

/* Read one process from procfs. 0; -ESRCH when it is gone (also when the pid was reused meanwhile);
 * what may not be read leaves `unreadable` set and is no failure. With flags 0 nothing is read that lies
 * in the process's own memory, so that nothing can block; python_paths and places stay empty then. */
int process_read(struct process_reader *reader, int pid, unsigned flags, struct arena *a,
                 struct process *ret);

void process_pack(const struct process *p, struct buf *to);
int process_unpack(struct wire *from, struct arena *a, struct process *ret); /* 0 or -EBADMSG */

/* All pids of /proc now (thread-group leaders). 0 or -errno; -ENOENT too where /proc is an empty folder. */
typedef VEC(int) pid_list;
int process_list(pid_list *ret);
/* Events tell the numbers of the initial pid namespace. Where ours is another one they are other processes',
 * or nobody's: there such a number is moved behind all that there may be (linux/threads.h, PID_MAX_LIMIT). */
enum { PROCESS_OUTSIDE = 1 << 22 };
static inline int process_number(int pid) /* as it was told */
{
        return pid >= PROCESS_OUTSIDE ? pid - PROCESS_OUTSIDE : pid;
}
/* Neither the kernel knows it by our pid namespace, nor is it in a procfs that may be of another one. */
bool process_has_ended(int pid);
/* "uid 0", the strongest capability, "setuid", or NULL: why the process counts as privileged. */
const char *process_privilege(const struct process *p);
