/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Native functions that advisories name, in the files that are mapped now: chosen, probed, and what their
 * probes told. Only files of this folder see it. */

#include "advisory/advisory.h"
#include "evidence/native_find.h"
#include "look/files.h"
#include "look/join.h"
#include "prober/prober.h"
#include "sensor/sensor.h"

/* It ran in this workload. */
struct probed_hit {
        char *workload;
        int pid;
        int64_t first, last; /* wall s */
        int64_t slot_after; /* 0: a probe told; else a bound slot did, and this is the start of its process */
};

/* A workload that maps the file. */
struct probed_user {
        char *workload;
        const char *root;     /* of the look that runs */
        int64_t since;        /* wall s: seen with this file first */
        uint64_t cgroup;      /* of a process of it */
        bool missed;          /* a file that may hold the same was mapped, and gone before it was probed */
        int64_t oldest;       /* wall s: start of the oldest program that was there with the file */
        uint64_t round;       /* number of the choice that saw it last */
        uint64_t calls_round; /* the choice in which `calls` of its processes were asked for bound slots */
        unsigned calls;
};

struct probed_function {
        const char *container, *function;
        const char *provider; /* of a USDT probe; else NULL */
        const char *subject;  /* "libexpat.so.1:XML_Parse", "golang.org/x/text/language.Parse" */
        const char *package;  /* package_key() */
        bool root;            /* an advisory names it as vulnerable itself */
        bool urgent;          /* a bug in KEV, or the user asks: worth a single-stepped probe */
        double weight;        /* the larger, the sooner */
        struct native_function found;
        const char *unarmed; /* NULL: armed, or nothing is left to be told; else why not */
        bool armed;
        bool guarded;           /* the hosts of its inlined copies are armed as well */
        bool guards_hot;        /* they ran too often to be watched: as if they had run everywhere */
        uint32_t number, guard; /* of its probes, and of those on its hosts; UINT32_MAX: none */
        int64_t since;          /* wall s of the last arming */
        uint64_t counted, guards_counted; /* hits at the last look at the rate */
        uint64_t rest_until;              /* boottime ns: taken away for being hot */
        unsigned rests;
        VEC(struct probed_hit) hits;
        VEC(struct probed_hit) host_hits; /* of a host: a copy may have run there unseen */
};

/* Different programs, by a hash of their paths. */
enum { PROGRAMS_MOST = 64 };
typedef VEC(uint64_t) program_list;

struct probed_file {
        struct arena arena;
        uint64_t serial; /* of this record: never given again */
        char *key;       /* of the used_file, its owner, and its object */
        const char
                *object; /* what the history knows its content by; NULL: it has no name, or is a tracepoint */
        uint32_t index;  /* of the sensor; UINT32_MAX: none yet */
        int fd;          /* O_PATH: what is probed; -1: not opened */
        bool asked, resolved, dirty;
        uint64_t armings;      /* how often its probes were changed */
        uint64_t probed_since; /* boottime ns: it had none before */
        bool news; /* what it told, or watches, is not committed yet: it stays, even if nobody maps it */
        const char *failure; /* NULL, or why none of its functions can be probed */
        const char *doubt;   /* NULL, or why silence in it means nothing */
        const char *spared;  /* NULL, or why it is not probed any more */
        uint64_t size;       /* bytes, and mtime, of what was looked into */
        int64_t modified_s, modified_ns;
        int64_t changed; /* wall ns: ctime when it was first looked at; 0: it was not, -1: not on overlayfs */
        uint64_t round;
        size_t processes;      /* that map it */
        program_list programs; /* that they run */
        uint64_t mapping_ns;   /* what its probes take from each process that maps it */
        uint64_t most_ns; /* what they may take, by its share of what all may cost; UINT64_MAX: anything */
        double rate;      /* how often it is mapped, a second, as the probes are planned for */
        bool resting;     /* it has none until that is known */
        /* sensor_mappings() now; of those, what is spent; and when saving began, and rates were eased */
        uint64_t seen_mapped, mapped, mapped_saved, mapped_eased;
        uint32_t device;
        uint64_t inode;
        struct elf_code code[FUNCTION_CODE_MOST]; /* its executable segments */
        size_t code_count;
        VEC(struct probed_function) functions;
        VEC(struct probed_user) users;
        VEC(uint64_t) passers; /* cgroups in which it was mapped, as events tell … */
        bool passed;           /* … and in more than those */
};

/* What the advisories say of one version of a source package. */
struct native_match {
        struct arena arena;
        const char *key;
        struct match match;
};

/* A file without anything to probe. Used as a key: no padding may be left unset. */
struct boring_file {
        uint64_t inode;
        uint32_t device, zero;
};

/* A hit in a workload that nobody knew when it came. */
struct early_hit {
        uint64_t probe, cgroup;
        int pid;
        int64_t time;
        uint64_t taken; /* boottime ns: when it was told */
};

/* What is saved is for the probes of all files; so much of it at most for files that most programs map. */
enum { SAVED_ALL, SAVED_EVERYWHERE, _SAVED_MAX };

enum {
        SOON_MOST = 8,     /* at a time: a look has to get on … */
        SOON_A_LOOK = 256, /* … and to end */
        SOON_WORKLOADS = 64,
};
struct soon;
struct calls_errand;

struct native_watch {
        struct sensor *sensor; /* NULL: no probes */
        bool blind; /* no event tells of mappings: what comes and goes between two looks is unseen */
        struct advisory_db *db;
        uint64_t db_stamp;                 /* advisory_stamp of what is open */
        struct map files;                  /* key → struct probed_file */
        VEC(struct probed_file *) watched; /* those of them that have functions to watch */
        struct probed_file hooks;          /* tracepoints, in no file */
        struct map matches;                /* package version → struct native_match */
        VEC(struct early_hit) early;
        spared_list spared;   /* strings: of the look */
        size_t spared_stored; /* so many of them are in the store */
        struct map boring;    /* struct boring_file → any pointer */
        VEC(uint64_t) untold; /* inodes of files whose mappings the kernel has to tell again … */
        bool untold_all;      /* … or all are */
        struct map origins;   /* pid → struct origin (function_origin.c) */
        bool index_taken[SENSOR_PROBED_FILES];
        uint32_t next_number;
        bool number_used[EVENT_PROBES]; /* the kernel may know it of another function */
        struct probed_function *numbers[EVENT_PROBES];
        struct probed_file *number_files[EVENT_PROBES];
        struct map calls_first; /* while calls are read: hash → struct calls_errand that is asked first */
        VEC(struct calls_errand *) calls_put_off;
        uint64_t round;
        program_list programs;        /* that map files at all, since the last look at all of them */
        uint64_t epoch;               /* changes when a file is forgotten */
        uint64_t serials;             /* records of files that were made */
        uint64_t began;               /* boottime ns */
        int64_t saved_ns[_SAVED_MAX]; /* CPU time that probes may cost now; negative: they took too much */
        uint64_t spent_at, eased_at;  /* boottime ns: last count; rates were eased, or a rest began */
        uint64_t rest_ns;             /* how long the last one takes; 0: there was none */
        bool resting;                 /* files are */
        uint64_t alarm;               /* what function_budget_alarm() told last */
        unsigned alarm_shift; /* programs that start are other ones than those that map what is probed */
        bool replan;          /* more probes may be set than are */
        uint64_t swapped;     /* boottime ns: end of the last change of probes */
        uint64_t swap_ns;     /* CPU time that it took */
        uint64_t rated;       /* boottime ns: last look at the rates */
        bool few_probes;      /* this kernel bears SENSOR_SINGLE_PROBES in a file, no more */
        bool pending;         /* some file waits for its set to be changed */
        struct soon *soon[SOON_MOST]; /* files that are looked at while a look waits; NULL: none */
        unsigned soon_left;           /* so many more, during the look that runs */
        /* Workloads that were not in the table when their files were armed: whose a hit is, until then. */
        struct soon_workload {
                uint64_t cgroup, until; /* boottime ns */
                char *workload;
        } soon_workloads[SOON_WORKLOADS];
        size_t soon_next; /* the one to be replaced next */
};

enum {
        FUNCTIONS_ARMED_MOST = 200,  /* of a file */
        FUNCTION_PROBES_MOST = 2000, /* places of them all */
        PROBES_CPU_PART = 200,       /* all probes may take one part in so many of a CPU */
};

struct look;
void functions_done(struct native_watch *n);
/* Choose, look up and arm for what the chosen processes map now. 0 or -errno with a sentence. */
int functions_update(struct look *l, enum entry_choice choice, struct error *error);
/* Add what the probes told, and what their silence means, to what will be committed: of all files, or of
 * those with news. 0 or -ENOMEM. */
int functions_join(struct look *l, bool all, int64_t now, struct arena *a, struct joined *to);

/* The next file from *i on; NULL: no more. */
static inline struct probed_file *functions_next(const struct native_watch *n, size_t *i)
{
        void *f;
        return map_next(&n->files, i, NULL, NULL, &f) ? f : NULL;
}

/* The same of those that have functions to watch. */
static inline struct probed_file *functions_next_watched(const struct native_watch *n, size_t *i)
{
        return *i < n->watched.count ? n->watched.items[(*i)++] : NULL;
}

/* What was added is in the store. */
void functions_committed(struct native_watch *n);

/* It maps its files no longer. True: nobody else maps one of them that is watched, as far as is known. */
bool functions_leave(struct native_watch *n, struct entry *e);

/* function_soon.c: look at a file at once, while a look waits for its answers. */
void functions_soon_done(struct native_watch *n);

/* ---- between the files of it ------------------------------------------------------------------------- */

/* function_told.c */
/* The workload of a process, or of any that shares its cgroup (0: not known); NULL: none is known. */
const char *function_workload_of(const struct look *l, uint64_t cgroup, int pid);
/* Whether it ran there, or a host of its inlined copies did. */
bool function_ran(const struct probed_function *p, const char *workload);
bool function_host_ran(const struct probed_function *p, const char *workload);
/* In each workload that maps the file, and in one at least. */
bool functions_all_hit(const struct probed_file *f, const struct probed_function *p);
/* Its guards have nothing more to tell: in each workload it ran, or a host of it did. */
bool functions_all_told(const struct probed_file *f, const struct probed_function *p);
/* Note that it, or a host of it, ran in this workload. 1: that is news; 0. */
int function_note_hit(struct probed_function *p, const char *workload, const struct probed_hit *hit);
int function_note_host(struct probed_function *p, const char *workload);

/* function_files.c */
/* Forget files that the choice `round` did not see (0: all). Who maps one of them again shall be told. */
void functions_sweep(struct native_watch *n, uint64_t round);
/* Open the advisories, again where they changed: then everything is chosen anew. 1: so it is; 0; or -errno
 * with a sentence. */
int functions_open_advisories(struct look *l, struct error *error);
/* The record of the file, made and chosen for when it is new; NULL with *ret_r 0: nothing in it to watch, or
 * -errno with a sentence. */
struct probed_file *functions_intern(struct look *l, const struct entry *e, const struct used_file *used,
                                     const struct mapping *m, int *ret_r, struct error *error);
/* A number of the sensor's for its probes; false: all are taken. */
bool functions_take_index(struct native_watch *n, struct probed_file *f);
/* There is nothing in that file to watch. */
void functions_note_boring(struct native_watch *n, const struct mapping *m);

/* function_users.c */
/* The workload of this process maps the file. 0 or -ENOMEM. */
int functions_note_user(struct look *l, struct probed_file *f, const struct entry *e);
/* Those that this choice did not see are no users any more. */
void functions_forget_users(struct native_watch *n);
/* One more, if it is none of those. Without memory it is one less: then too few map a file. */
void functions_note_program(program_list *programs, const struct process *p);

/* function_choice.c: the functions of a new file, best first. 0 or -errno with a sentence. */
int choice_make(struct look *l, struct probed_file *f, const struct entry *e, const struct used_file *used,
                struct error *error);
void choice_forget(struct native_watch *n);

/* Whether there may be any: somebody owns its code, or the user has named functions in it. */
bool choice_is_possible(const struct look *l, const struct entry *e, const struct used_file *used);
/* Whether an advisory that names this container may mean this file. */
bool choice_is_container(const char *container, const struct file_reply *file);

/* function_lookup.c: open the file and ask the worker for their places. Only what hinders every look is an
 * error; what hinders this file is noted in it. */
int function_look_up(struct look *l, struct probed_file *f, const struct entry *e, const struct mapping *m,
                     struct error *error);
/* Its two parts. Open the file and make the question, in the arena: 1; 0: it cannot be opened, as noted; or
 * -ENOMEM. */
int function_question(struct probed_file *f, const struct entry *e, const struct mapping *m, struct arena *a,
                      struct probe_job *ret);
/* Take the answer. */
void function_take(struct native_watch *n, struct probed_file *f, int status, struct wire *reply);

/* Its silence means nothing from now on; the first reason stays. */
void function_doubt(struct probed_file *f, const char *why);
/* Doubt a file of overlayfs that was copied up since this process, or any before it, mapped it. */
void function_note_copy_up(struct look *l, struct probed_file *f, const struct entry *e);
/* The same where it was copied since it was looked at first: asked before its silence is told. */
void function_note_change(struct probed_file *f);
/* Take its probes away if it was written to since it was looked into, other than by putting a new file in its
 * place: they may lie in the middle of instructions. What the file is now is looked into when it is examined
 * again. */
void function_note_written(struct native_watch *n, struct probed_file *f);

/* function_text.c: a process that has not all code of the file mapped may run a copy of it: the file is
 * spared. One that has it mapped where no probe is set makes its silence doubtful. */
void function_note_remapped(struct look *l, struct probed_file *f, const struct process *p);
/* An event told of such a mapping. */
void function_note_unprobed(const struct native_watch *n, uint32_t device, uint64_t inode);

/* function_spare.c: take the probes of a file away for good, because of this program. True: it had not been.
 */
bool function_spare(struct look *l, struct probed_file *f, const char *program, const char *reason);
/* Whether, and why, it was decided before that a file is not probed. */
void function_note_spared(struct look *l, struct probed_file *f);

/* function_answers.c: what a process was asked of a file. */
bool function_has_answered(const answer_list *answers, const struct probed_file *f);
int function_note_answer(answer_list *answers, const struct probed_file *f); /* 0 or -ENOMEM */
void function_ask_again(answer_list *answers, const struct probed_file *f);
/* The process was read anew: it keeps its answers where nothing has changed. */
void functions_keep_answers(const struct native_watch *n, const struct entry *before, struct entry *e);
/* Something has: it executed a program, or mapped a file again; or nobody knows which process did. */
void functions_doubt_answers(struct entry *e);
void functions_doubt_all_answers(const struct table *t);

/* function_calls.c: ask what a process has called before anybody watched, once for each of its files. 0 or
 * -errno with a sentence. */
int functions_read_calls(struct look *l, struct entry *e, struct error *error);
/* When all of those have answered: those that had to wait for one that maps the same. */
int functions_read_more_calls(struct look *l, struct error *error);
void functions_forget_calls(struct native_watch *n);

/* function_breaks.c: ask whether the probes are set in the code of a process, once for each of its files. 0
 * or -errno with a sentence. */
int functions_check_breaks(struct look *l, struct entry *e, struct error *error);
/* Before that: note for those processes that cannot lack a probe, having slept since they were read, that
 * they need not be asked. */
void functions_pass_sleepers(struct look *l, const entry_list *list);

/* function_missed.c: a file was mapped in this workload (or in one of those that workload_may_be() means), of
 * which nobody knows what it holds (inode 0: nor which one it was). */
void functions_missed(struct native_watch *n, const char *workload, uint32_t device, uint64_t inode);
/* The file that is probed with these numbers: it is held open, nobody else can have them. Or NULL. */
struct probed_file *functions_hold(const struct native_watch *n, uint32_t device, uint64_t inode);
/* What this look has found too late of these processes, and of those that are gone. */
void functions_note_missed(struct look *l, const entry_list *list);
/* Have mappings of this file told again, by the next functions_tell_again(). */
void functions_want_told(struct native_watch *n, uint64_t inode);
/* Somebody of the cgroup mapped it, and may be gone before anybody looks. */
void functions_note_passer(struct native_watch *n, uint32_t device, uint64_t inode, uint64_t cgroup);
void functions_tell_again(struct native_watch *n);

/* function_origin.c: boottime ns when the program began that the process was running when it was read, by
 * exec: its process may be younger, and have been forked in the middle of it. 0: that is not known. */
uint64_t function_program_start(const struct look *l, const struct entry *e);
void function_origin_ended(struct native_watch *n, int pid);
/* Events were lost: nothing is known of who runs now. */
void functions_forget_origins(struct native_watch *n);

/* function_arm.c */
void functions_arm(struct native_watch *n); /* decide for all files, and do it */
/* Set the probes of a file to those that are still wanted. */
void functions_rearm(struct native_watch *n, struct probed_file *f, struct error *error);
/* Wall s of the first whole second from now on: what is attached by now is in force in all of it, while it
 * may have missed a call at the begin of this one. */
int64_t function_watched_from(void);
/* A number for its probes that nobody has; UINT32_MAX: all are taken. */
uint32_t functions_take_number(struct native_watch *n, struct probed_file *f, struct probed_function *p);
/* Its hosts could only be single-stepped, and it is not worth that. */
bool function_guards_dear(const struct probed_function *p);

/* function_budget.c */
/* Its functions were found; it was mapped so often since the watch began. */
void function_budget_begin(struct native_watch *n, struct probed_file *f, uint64_t mapped, uint64_t now);
/* What so many probes on so many pages take from each process that maps their file, ns. */
uint64_t function_budget_cost(size_t pages, size_t probes);
/* Pay for what was mapped (seen_mapped), often. `alarmed`: so many programs have started as
 * function_budget_alarm told. True: probes have cost too much, they are to be planned anew at once. */
bool function_budget_spend(struct native_watch *n, bool alarmed, uint64_t now);
/* After how many programs that start from now on that may be so again; 0: never. */
uint64_t function_budget_alarm(const struct native_watch *n);
/* Most programs that run map it. */
bool function_budget_everywhere(const struct native_watch *n, const struct probed_file *f);

/* function_share.c */
void function_budget_share(struct native_watch *n); /* decide what the probes of each file may cost */

/* function_hits.c */
void functions_lost(struct native_watch *n); /* events were lost: silence speaks for the time from now on */
void functions_take_early(struct look *l);   /* hits of workloads that are known by now */
