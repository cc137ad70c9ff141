/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The processes that engines look into: when they are due, what they told last, and what that means. Only
 * files of this folder see it. */

#include "look/join.h"
#include "look/quiet.h"
#include "look/runtime_budget.h"
#include "prober/runtime_reply.h"

enum {
        LOOK_EVERY_S = 60,  /* between two looks at a process that runs */
        LOOK_LAG_S = 600,   /* how old what it told may be, for its silence to count */
        MOST_SYMBOLS = 512, /* asked for in one process */
};

/* A function that an advisory of a package names. */
struct wanted_symbol {
        const char *container, *function;
        const char *subject; /* "jinja2.utils.urlize" */
        bool root;           /* an advisory names it as vulnerable itself */
};

/* A package that some process has loaded, and what its advisories ask about it. */
struct wanted_package {
        struct arena arena;
        const char *key; /* package_key() */
        uint32_t runtimes;
        VEC(struct wanted_symbol) symbols;
};

struct runtime_process {
        int pid; /* key */
        uint64_t start;
        struct arena arena; /* of `reply` */
        struct runtime_reply reply;
        const char **keys;    /* package_key() of each package of each look, one after the other */
        const char *failure;  /* NULL, or why the last look told nothing */
        uint64_t looked, due; /* boottime ns: last look that told something, 0 none; next look */
        uint64_t covered; /* boottime ns: up to when what it told is all that it ran; 0: never looked at */
        struct quiet_mark mark; /* what it had done when the last look began */
        unsigned rounds;
        bool more;           /* the last look was ended by its budget */
        bool again;          /* the last look failed for a reason that lies outside of the process */
        bool fresh;          /* told something new that is not committed yet */
        uint64_t digest;     /* of what it told last */
        bool seen;           /* its process was in the table at the last sweep */
        uint64_t group;      /* serial of its group, for the time after its end */
        VEC(uint64_t) asked; /* addresses of struct wanted_symbol, in order of the last questions */
};

struct runtime_watch {
        struct map processes; /* pid → struct runtime_process */
        struct map packages;  /* key → struct wanted_package */
        uint64_t db_stamp;    /* advisory_stamp of the advisories that `packages` were made from */
        struct runtime_budget budget;
        size_t late; /* processes whose look waits for the budget, at the last update */
};

struct look;
void runtimes_done(struct runtime_watch *r);
/* Take up the chosen processes, and look at what is due and has run since its last look, within the budget;
 * `all`: at all that has run, whatever it costs. 0 or -errno with a sentence. */
int runtimes_update(struct look *l, enum entry_choice choice, bool all, struct error *error);
/* Say in each group what the engines cover; before join_all. 0 or -ENOMEM. */
int runtimes_cover(struct look *l, int64_t now, struct arena *a);
/* How old what the engines told may be, in words. NULL: out of memory. */
const char *runtimes_lag_text(int64_t lag_s, struct arena *a);
/* Add what they told to what will be committed, in `in->only_new` only evidence that is not there yet. 0 or
 * -ENOMEM. */
int runtimes_join(struct look *l, const struct join_input *in, struct arena *a, struct joined *to);
/* The evidence alone of those that told something new: no silence. 0 or -ENOMEM. */
int runtimes_add(struct look *l, const struct join_input *in, struct arena *a, struct joined *to);
/* Whether some process told something new since the last commit. */
bool runtimes_news(const struct runtime_watch *r);
/* It was committed. */
void runtimes_committed(struct look *l);

/* ---- runtime_ask.c: ask about the process; `flags` as of PROBE_RUNTIMES. 0 or -errno with a sentence */
int runtime_ask(struct look *l, struct runtime_process *p, unsigned flags, struct error *error);
/* Whether it is in its first minute, or was never looked at: it has a budget of its own. */
bool runtime_is_young(const struct runtime_process *p, uint64_t now);

/* ---- runtime_package.c */
struct advisory_db;
/* Learn what advisories ask about this package. `db` is opened when that is not known yet: to be closed by
 * the caller. 0 or -errno with a sentence. */
int runtime_package_learn(struct look *l, const struct package *package, const char *key,
                          struct advisory_db **db, struct error *error);
void runtime_packages_forget(struct runtime_watch *r);
/* Forget what older advisories asked. */
void runtime_packages_renew(struct look *l);
