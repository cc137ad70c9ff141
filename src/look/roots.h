/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The roots in which something runs, and the inventory of each, read again when it has grown old. */

#include "base/map.h"
#include "host/root.h"
#include "look/inventory_budget.h"
#include "look/table.h"
#include "prober/prober.h"
#include "prober/reply.h"

enum {
        ROOT_PYTHON_PATHS = 1024, /* of one root that are known at a time */
        ROOT_NAMESPACES = 256,    /* mount namespaces, beside the first */
        ROOT_PLACES = 8192,
};

struct known_root {
        struct arena arena, packages, kernel, told; /* for what lives as long as this, `inventory`,
                                                     * `kernel_keys`, `limits` */
        struct root root;
        VEC(const char *) python_paths; /* what the interpreters that run in it use */
        struct arena place_arena;
        VEC(const char *) places;         /* where what runs in it has its code from */
        VEC(uint64_t) place_rounds;       /* when each was seen last */
        struct map place_set;             /* the same, to be asked: index, plus 1 */
        VEC(const char *) kernel_keys;    /* package_key() of the running kernel's packages */
        struct inventory_reply inventory; /* emptied once it is committed */
        VEC(const char *) limits;         /* of the last reading */
        size_t package_count;
        /* A process that lives in it: the way in. Its mount namespace is the one that is read whole. */
        struct probe_view first;
        /* A process of each other mount namespace in which something runs in it, and the round in which it
         * was seen last. */
        VEC(struct probe_view) others;
        VEC(uint64_t) other_rounds; /* of each */
        uint64_t first_round;
        size_t others_left;      /* processes of this round in still other ones */
        int failure;             /* 0 or -errno: why the inventory could not be read */
        uint64_t read_at;        /* boottime ns; 0: not yet, or to be read again whatever it costs */
        uint64_t whole_at;       /* boottime ns: when all of it was read last, known to be old or not */
        uint64_t news_at;        /* boottime ns: when it, or only what was new of it, was read last */
        uint64_t cost;           /* CPU ns that the last reading took */
        uint64_t stamp;          /* inventory_stamp() of the last reading … */
        size_t stamped, asked;   /* … with the first so many of `python_paths`; of one that is asked for */
        uint64_t digest, put_at; /* of the packages that were committed last; boottime ns when */
        uint64_t round;          /* of the look that saw a process in it last */
        bool known;              /* read at least once */
        bool fresh;              /* read, and not committed yet */
        bool has_news;           /* places were noted that were not looked at yet */
        bool has_urgent_news;    /* … from which an interpreter imports, or in a new mount namespace */
        bool changed;            /* something was installed, upgraded or removed since it was read */
        bool outdated;           /* what it owned was replaced since: only reading all of it tells by what */
        bool late;               /* there was no time to read all of it */
        bool places_full;        /* something runs at more places than are known */
        bool crowded;            /* interpreters in it import from more folders than are known */
        bool unstamped;          /* asking for that does not end in time */
        bool for_news;           /* it is read for those, and pays */
};

struct root_table {
        struct map roots;
};

/* Note that `e` lives in its root. The record, or NULL: out of memory, or the process has no known root. */
struct known_root *roots_note(struct root_table *t, const struct entry *e, uint64_t round);
/* Take over the answer to PROBE_STAMP for the first `stamped` folders. */
void roots_stamped(struct known_root *r, int status, struct wire *reply);
enum root_due {
        ROOT_RESTS,
        ROOT_NEWS, /* only places that were not looked at yet: that costs little */
        ROOT_WHOLE,
};
/* What of its inventory is to be read now. */
enum root_due roots_due(struct known_root *r, struct inventory_budget *b, uint64_t now);
/* Take over a reply of the prober. 0, -EBADMSG or -ENOMEM. */
int roots_read(struct known_root *r, struct inventory_budget *b, struct wire *reply);
/* Wall s: when all inventories had been read, the oldest of them; 0: one was not. */
int64_t roots_read_since(const struct root_table *t);
/* Once committed, only what later looks need is kept. */
void roots_committed(struct known_root *r);
/* Forget the roots in which nothing was seen in `round` (0: any). */
void roots_sweep(struct root_table *t, uint64_t round);
void roots_done(struct root_table *t);
struct known_root *roots_next(const struct root_table *t, size_t *iterator);
