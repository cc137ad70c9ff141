/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One look at the machine, from the list of processes to committed history: asks the prober, joins its
 * records to workloads, evidence and coverage, and writes them to the store. `scan` looks once; `watch`
 * keeps the same look alive, repeats it, and in between looks again at single processes that events
 * named. Parses nothing itself. */

#include "base/error.h"
#include "host/cgroup.h"

struct look;
struct sensor;

/* A function, or a probe of its own (USDT), in a file of the host that is watched by the user's wish; without
 * a file a tracepoint. */
struct look_function {
        const char *text; /* as the user calls it */
        const char *file, *provider, *name;
};

struct look_options {
        bool probe_again;                      /* also the files that were not to be probed any more */
        const struct look_function *functions; /* borrowed */
        size_t function_count;
        const char *state;                  /* folder of evidence.db */
        bool watched;                       /* events cover what happens from look_new() on */
        const struct cgroup_choice *cgroup; /* the hierarchy that events speak of; NULL: choose one */
        struct sensor *sensor;              /* probes functions; NULL: no functions are watched */
        /* Called (may be NULL) while the look waits for the prober, whenever `wait_fd` is readable: events
         * are drained meanwhile, so that none is lost to a slow process. */
        int wait_fd;
        void (*wait_ready)(void *context);
        /* Called (may be NULL) before anything is told: events that came so far are to be drained, and where
         * a silence is told of all up to now, losses by look_events_lost(). */
        void (*settle)(void *context, bool silence);
        /* Asked (may be NULL) while the look waits: whether it is to end at once. Nothing of it is committed
         * then, and it fails with -ECANCELED. */
        bool (*stopped)(void *context);
        void *wait_context;
};

struct look_summary {
        size_t processes, workloads, roots, packages; /* looked at */
        double seconds;
        const char *const *limits; /* sentences about what could not be seen; valid until the next look */
        size_t limit_count;
};

/* 0, or -errno with a sentence: the store or the worker cannot be had. */
int look_new(const struct look_options *options, struct look **ret, struct error *error);
struct look *look_free(struct look *l); /* returns NULL */
static inline void look_freep(struct look **l)
{
        *l = look_free(*l);
}
#define _cleanup_look_ _cleanup_(look_freep)

/* Look at everything and commit. 0 or -errno with a sentence; nothing is committed then. */
int look_all(struct look *l, struct look_summary *ret, struct error *error);
/* Give back the memory that only the last look needed; its summary is no longer valid. */
void look_rest(struct look *l);
/* Look again at these processes only (new, or changed since the last look), and commit what is new. `news`:
 * something else is to be committed; else nothing is done where all of them have ended and told nothing. */
int look_some(struct look *l, const int *pids, size_t count, bool news, struct error *error);
/* Whether it left out an inventory that has to be read again, so that new files did not wait for it: look at
 * all soon. */
bool look_wants_all(const struct look *l);
/* The next look_all looks into every process that has run since its last look, whatever that costs, as the
 * first one does. */
void look_spend(struct look *l);
/* The next look_all reads every inventory and file again, however young what is known is. */
void look_refresh(struct look *l);
/* Whether some process with an interpreter is due to be looked into, and to do that: news are committed. */
bool look_runtimes_due(const struct look *l);
int look_into_runtimes(struct look *l, struct error *error);
/* Forget evidence not seen for `days`. */
int look_prune(struct look *l, int days, struct error *error);

/* ---- what looks cost --------------------------------------------------------------------------------- */

enum look_step {
        LOOK_OTHER, /* between looks: events, and waking up for them */
        LOOK_PROCESSES,
        LOOK_SOCKETS,
        LOOK_INVENTORIES,
        LOOK_FILES,
        LOOK_FUNCTIONS,
        LOOK_CALLS, /* what processes had called before their functions were probed */
        LOOK_RUNTIMES,
        LOOK_JOIN,
        LOOK_COMMIT,
        _LOOK_STEP_MAX,
};
/* CPU ns of this process and of its worker since look_new(). */
struct look_spent {
        uint64_t own[_LOOK_STEP_MAX], worker[_LOOK_STEP_MAX];
};
struct look_spent look_spent(struct look *l);
const char *look_step_name(enum look_step step);

/* ---- what events tell; nothing is read here, the next look does that --------------------------------- */

/* A file was mapped executable. If the process is gone when the next look comes, the file is attributed
 * by its path to the workload of that cgroup. `time` and `start` are boottime ns. */
struct mapped_event {
        int pid;
        uint64_t start, time, cgroup, inode;
        uint32_t device;
        bool unprobed;    /* writable or shared */
        const char *path; /* copied */
};
void look_file_mapped(struct look *l, const struct mapped_event *event);
/* A process was forked, executed a program, or was moved to another workload cgroup. True: it is in another
 * one than its forker; look at it. */
bool look_process_forked(struct look *l, int pid, int forker, uint64_t cgroup);
void look_process_executed(struct look *l, int pid, uint64_t cgroup, uint64_t time);
void look_process_moved(struct look *l, int pid, uint64_t cgroup);
/* A cgroup was made at this path from the root of the chosen hierarchy. */
void look_cgroup_made(struct look *l, uint64_t cgroup, const char *path);
/* A process ended: it is forgotten once its evidence is committed. True: look soon, since files of it are
 * held open. */
bool look_process_ended(struct look *l, int pid);
/* A process was ended by SIGTRAP, as a copied breakpoint does: what it mapped is not probed any more. To be
 * told before its end. True: the next look commits news. */
struct trap_event {
        int pid;
        uint64_t cgroup;
        uint64_t address; /* of the breakpoint; 0: not known */
        const char *comm;
};
bool look_process_trapped(struct look *l, const struct trap_event *event);
/* Whether some process of this workload cgroup was looked at: if not, look before it ends. */
bool look_knows_cgroup(const struct look *l, uint64_t cgroup);
/* Events were lost: every coverage window begins anew. */
void look_events_lost(struct look *l, const char *what, uint64_t count);

/* The timer found this instruction of a process running. `time` and `start` are boottime ns. True: its file
 * was not known to be executed in that workload; the next look commits it. */
struct code_event {
        int pid;
        uint64_t start, time, address;
};
bool look_code_ran(struct look *l, const struct code_event *event);

/* ---- native functions --------------------------------------------------------------------------------- */

/* A probed function ran. `cgroup` and `pid` are those of the event, `time` is wall s. True: it is news, and
 * the next look commits it. */
bool look_function_ran(struct look *l, uint64_t probe, uint64_t cgroup, int pid, int64_t time);
/* Set the tracepoints that the options name. 0 or -errno with a sentence. */
int look_set_hooks(struct look *l, struct error *error);
/* Take away probes that have told everything, or are hit too often; bring back those that are due. To be
 * called now and then: cheap when nothing is due. True: the next look commits that a function is not watched.
 */
bool look_tend_probes(struct look *l);
/* Take probes away at once where new mappings cost more than they may: also while a look waits. */
void look_shed_probes(struct look *l);
/* Whether the file of a new mapping may have functions to be probed in this workload: if so, look soon. */
bool look_wants_file(const struct look *l, uint32_t device, uint64_t inode, uint64_t cgroup);

/* The reasons that coverage gives for a file whose code is copied. */
#define LOOK_TRAPPED \
        "not armed: a program that maps its file was ended by SIGTRAP, as by a copy of a breakpoint"
#define LOOK_COPIED                                                                                        \
        "not armed: a program has not all code of its file mapped, and may run a copy of it, which would " \
        "hold "                                                                                            \
        "the breakpoints, too"

/* The reason that coverage gives while a probe rests. */
#define LOOK_TOO_HOT "taken away for a while: it runs too often"

struct probe_figures {
        size_t files, functions, armed, hit, resting, unarmed;
};
/* It does, and a look waits: ask at once, beside that look, and probe it. Does nothing where none waits. */
void look_file_now(struct look *l, int pid, uint32_t device, uint64_t inode);
void look_probe_figures(const struct look *l, struct probe_figures *ret);
