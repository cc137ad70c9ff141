/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was really used, as plain records: the same kind from snapshots, from events and from every later
 * engine. And coverage: what a negative rests on. */

#include "base/arena.h"
#include "base/vec.h"

enum evidence_kind {
        EVIDENCE_LOADED = 1,   /* mapped executable, imported, linked into a running program */
        EVIDENCE_EXECUTED = 2, /* some function of the package ran */
        EVIDENCE_REACHED = 3,  /* a function that an advisory names ran */
        _EVIDENCE_KIND_MAX,
};

/* Whether the file is no longer the one on disk, so that a restart is needed. */
enum stale {
        STALE_NO,
        STALE_YES,
        STALE_UNKNOWN, /* its path could not be looked at */
        _STALE_MAX,
};

const char *evidence_kind_name(enum evidence_kind kind); /* "loaded", "executed", "reached" */

struct evidence {
        const char *workload; /* struct workload.id */
        const char *package;  /* package_key() */
        const char *object;   /* build-id or digest of the file, or NULL */
        const char *subject;  /* file path in the root, or function */
        enum evidence_kind kind;
        const char *engine;  /* "mapped", "go-buildinfo", "linked", "kernel" … */
        int pid;             /* of one process that showed it */
        int64_t first, last; /* wall s: first and last seen */
        int64_t after;       /* wall s: earliest moment that it speaks for (process start) */
        enum stale stale;
};

typedef VEC(struct evidence) evidence_list;

/* How well one runtime's code was watched in one workload and root. Blind where engine is NULL. */
struct coverage {
        const char *workload, *root;
        uint32_t runtime;   /* one enum runtime bit */
        const char *engine; /* NULL: no engine, `reason` says why nothing can be told */
        const char *reason;
        int64_t since, until; /* wall s: watched without a break in between; equal for a single look */
        const char *gaps;     /* NULL, or sentences joined by "; " of what was not covered */
};

typedef VEC(struct coverage) coverage_list;

/* How a function that an advisory names is watched in one workload. What has no record is not watched. */
struct function_coverage {
        const char *workload;
        const char *package;  /* package_key() */
        const char *object;   /* build-id or digest of the file, or NULL */
        const char *subject;  /* as in struct evidence: container, one separator, function */
        const char *engine;   /* "uprobe" … */
        const char *reason;   /* NULL: if it had run since `since`, that would have been seen; else why not */
        int64_t since, until; /* wall s; watched in between */
        const char *gaps;     /* NULL, or sentences joined by "; " */
};

typedef VEC(struct function_coverage) function_coverage_list;

/* A mapped file that may be a package's under another name: as long as that is not known, nobody can say that
 * the package was not loaded. */
struct doubt {
        const char *workload;
        const char *package; /* package_key() */
        const char *subject; /* path of the file */
        const char *reason;
        int64_t first, last; /* wall s: first and last seen */
};

typedef VEC(struct doubt) doubt_list;

/* A file that is not probed any more: a breakpoint in it may end a program, or has ended one. */
struct spared_file {
        const char *object;  /* as in struct evidence */
        const char *path;    /* where it was last */
        const char *program; /* that was ended, or runs a copy */
        const char *reason;
        int64_t since; /* wall s */
};

typedef VEC(struct spared_file) spared_list;

/* The subject that stands for all functions of a package. */
#define ANY_FUNCTION "*"

/* Something was lost: weakens coverage and is shown. */
struct loss {
        const char *what; /* "events of type map dropped", "processes unreadable: no CAP_SYS_PTRACE" */
        uint64_t count;
        int64_t first, last; /* wall s */
};

typedef VEC(struct loss) loss_list;
