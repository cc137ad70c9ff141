/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The processes that the look knows, by pid. An entry owns everything of its process. */

#include "base/map.h"
#include "host/process.h"
#include "look/quiet.h"

struct used_file;

/* Serial numbers of probed files. */
typedef VEC(uint64_t) answer_list;

struct entry {
        int pid; /* key of the table */
        struct arena arena;
        struct process process;
        VEC(struct used_file *) files; /* of each mapping, same order; NULL: not examined yet */
        uint64_t asked_at, read_at;    /* boottime ns: it was read in between */
        struct quiet_mark mark;        /* what it had done before it was read */
        uint64_t round;                /* of the look that listed it last */
        uint64_t counted;              /* native_watch.round in which it was counted among users of files */
        answer_list calls_read;        /* files that it was asked for calls before the watching */
        answer_list breaks_checked;    /* … and in whose code the probes were looked for */
        bool ended;                    /* exit was seen: forgotten once its evidence is committed */
        bool joined;                   /* a join has taken what was read of it */
        bool incomplete;               /* … but for files that could not be examined */
        bool known;                    /* an earlier reading of this process was joined */
};

struct table {
        struct map entries;
        struct map cgroups; /* workload cgroup → how many of them are in it */
};

/* Whether it is known which workload and root the process belongs to. */
static inline bool entry_named(const struct entry *e)
{
        return e->process.workload_id && e->process.root.id;
}

struct entry *entry_new(int pid);
void entry_free(struct entry *e);

struct entry *table_get(const struct table *t, int pid);
/* Add the entry, in place of an older one of the same pid. 0 or -ENOMEM; on failure it stays the caller's. */
int table_put(struct table *t, struct entry *e);
/* Forget those that were not listed in `round` (0: any) or have ended. */
void table_sweep(struct table *t, uint64_t round);
void table_done(struct table *t);
/* Whether some process of it is known. */
bool table_has_cgroup(const struct table *t, uint64_t cgroup);
enum entry_choice {
        ENTRIES_ALL,
        ENTRIES_OPEN, /* not joined yet, or incomplete */
};
/* Such entries, oldest process first. Free the array only. 0 or -ENOMEM. */
typedef VEC(struct entry *) entry_list;
int table_list(const struct table *t, enum entry_choice choice, entry_list *ret);
