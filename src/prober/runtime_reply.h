/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the engines tell of one process: by package, of the functions that were asked for, and on demand of
 * every function. */

#include "host/answer.h"
#include "inventory/package.h"

enum { RUNTIME_ENGINES = 16, RUNTIME_FUNCTIONS = 1 << 20 };

struct runtime_package {
        struct package package;
        uint64_t modules;                 /* loaded */
        uint64_t known, executed, silent; /* functions; silent: not observed. The rest is unknown */
        const char *module;               /* one that is loaded, or NULL */
        const char *function;             /* one that ran, "module.name", or NULL */
        uint64_t first;                   /* boottime ns of the look that saw it */
        const char *shared; /* a file that is loaded and belongs to other packages with equal right, or NULL;
                               its modules and functions are not counted above */
};

struct runtime_function {
        uint64_t package; /* index, plus 1; 0: of no package */
        uint64_t query;   /* index of the query that it answers, plus 1; 0: told because all were asked for */
        const char *module, *name, *file;
        uint64_t line;
        enum answer_value answer;
        const char *reason;
        uint64_t first;
};

struct runtime_look {
        const char *engine, *runtime, *version, *flavour;
        uint64_t bit; /* enum runtime */
        const char *functions_unknown, *negatives_unknown, *modules_unknown, *lost;
        bool more;      /* the budget ended the look */
        uint64_t since; /* boottime ns: first look of this engine at the process */
        /* It was forked from a program that ran already, since program_start (boottime ns) or later: what
         * that had run before is told as its own, and what it says of silence is no less true. */
        bool forked;
        uint64_t program_start;
        uint64_t bytes;  /* that the job read */
        uint64_t cpu_ns; /* that the job took in the worker, told once: by the first look */
        VEC(struct runtime_package) packages;
        VEC(struct runtime_function) functions;
};

struct runtime_reply {
        VEC(struct runtime_look) looks; /* one an engine that knows the process */
};

void runtime_reply_pack(const struct runtime_reply *r, struct buf *to);
int runtime_reply_unpack(struct wire *from, struct arena *a, struct runtime_reply *ret); /* or -EBADMSG */
void runtime_reply_done(struct runtime_reply *r); /* frees the arrays; strings are the arena's */
