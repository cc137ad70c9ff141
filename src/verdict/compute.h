/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of the verdict: the input put in order (index.c), what was used (use.c), and from both the
 * findings (finding.c), their rank (rank.c), their line (why.c) and the funnel (funnel.c). */

#include "base/map.h"
#include "verdict/verdict.h"

#define RUNTIME_BITS 11

/* What a negative about one runtime's code rests on in a whole root: all of its workloads together. */
struct cover {
        bool blind;
        const char *reason, *where; /* blind: why, and the first workload that is */
        const char *engine, *gaps;
        int64_t since; /* latest begin: from here on all of them were watched */
        size_t blind_exposed, blind_closed, blind_exposure_unknown;    /* blind workloads, by network */
        size_t blind_privileged, blind_plain, blind_privilege_unknown; /* and by rights */
};

struct root_entry {
        const char *id;
        bool running; /* a workload of it runs now */
        size_t workloads;
        struct cover covers[RUNTIME_BITS];
};

struct package_entry {
        const struct package *package;
        const struct match *match;
        const char *key;
        struct root_entry *root;
        size_t group;              /* index, SIZE_MAX: not evaluated */
        const struct doubt *doubt; /* the latest, or NULL */
        enum level level;          /* proven in any workload */
};

/* One record of evidence, resolved. */
struct observation {
        const struct evidence *evidence;
        size_t package;  /* index of package_entry */
        size_t workload; /* index into index.workloads, SIZE_MAX: no longer known */
};

/* All binary packages of one source version in one root: they share their bugs. */
struct group {
        const char *source_key; /* root, ecosystem, source: the same for all versions */
        const struct match *match;
        struct root_entry *root;
        size_t *members; /* indexes of package_entry, by key */
        size_t member_count;
        uint32_t runtimes;                /* of all members */
        const struct doubt *doubt;        /* the latest of all members, or NULL */
        struct observation *observations; /* by workload, strongest first */
        size_t observation_count;
};

struct index {
        struct arena *arena;
        const struct verdict_input *in;
        const struct workload **workloads; /* sorted by (root, id) */
        size_t workload_count;
        struct root_entry *roots; /* sorted by id */
        size_t root_count;
        struct package_entry *packages; /* sorted by key, each key once */
        size_t package_count;
        struct group *groups; /* in order of their first package */
        size_t group_count;
        struct observation *observations; /* sorted by (group, workload, strength) */
        size_t observation_count;
        struct map functions; /* "workload\npackage" → struct watched_function */
};

/* Coverage of the functions of one package in one workload. */
struct watched_function {
        const struct function_coverage *coverage;
        struct watched_function *next;
};
void index_done(struct index *x);

/* The answer "reached" of a bug in a package that is used. 0 or -ENOMEM. */
int judge_reached(const struct index *x, const struct group *g, struct finding *f);

/* All of these: 0 or -ENOMEM. */
int index_build(const struct verdict_input *in, struct arena *a, struct index *ret);
int findings_build(const struct index *x, struct verdict *ret);
int funnel_count(const struct index *x, struct verdict *ret);
int why_write(struct finding *f, struct arena *a);

/* The answer "loaded" for code of these runtimes that nobody in the root was seen to load; `doubt` (or NULL)
 * is the latest about it. */
struct answer unused_answer(const struct root_entry *r, uint32_t runtimes, const struct doubt *doubt);
/* The later of two doubts, either of which may be NULL. */
const struct doubt *doubt_later(const struct doubt *a, const struct doubt *b);
/* Decision, level_possible must be set. */
void rank_finding(struct finding *f, enum mission mission);
int rank_compare(const struct finding *x, const struct finding *y); /* worst first, a total order */
