/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* (inventory, advisories, evidence) → findings with level, coverage and rank. Pure: no clock, no I/O;
 * equal input gives equal output, in an order that does not depend on that of the input. */

#include "advisory/advisory.h"
#include "evidence/evidence.h"
#include "host/workload.h"
#include "inventory/package.h"

enum level { LEVEL_PRESENT, LEVEL_LOADED, LEVEL_EXECUTED, LEVEL_REACHED, _LEVEL_MAX };
enum decision { DECISION_TRACK, DECISION_TRACK_STAR, DECISION_ATTEND, DECISION_ACT, _DECISION_MAX };
const char *level_name(enum level level);                 /* "present", "loaded", "executed", "reached" */
const char *decision_name(enum decision decision);        /* "track", "track*", "attend", "act" */
int level_parse(const char *text, enum level *ret);       /* 0 or -EINVAL */
int decision_parse(const char *text, enum decision *ret); /* 0 or -EINVAL */

enum mission { MISSION_LOW, MISSION_MEDIUM, MISSION_HIGH };

struct verdict_input {
        const struct package *packages; /* current ones and stale ones, of all roots */
        size_t package_count;
        const struct match *matches;      /* one a package, same order */
        const struct workload *workloads; /* one a (workload, root) */
        size_t workload_count;
        const evidence_list *evidence;
        const coverage_list *coverage;
        enum mission mission;
        const function_coverage_list *functions; /* or NULL */
        const doubt_list *doubts;                /* or NULL */
};

struct finding {
        const char *key; /* stable over time and hosts */
        const struct bug *bug;
        const struct package *package;   /* the binary package with the highest level */
        const struct package **binaries; /* the others of the same source version */
        size_t binary_count;
        const struct workload *workload; /* NULL: nobody uses it */
        enum level level;                /* proven */
        enum level level_possible;       /* highest that cannot be excluded */
        struct answer loaded, executed, reached, exposed, privileged, restart_needed;
        bool stale;
        enum decision decision;
        enum decision decision_proven; /* what it would be if only what is proven counted */
        bool decision_unknown;         /* rests on something unknown: the two differ */
        const char *why;               /* one line */
        const char *suppressed;        /* NULL, or the reason of the ignore rule */
        const struct evidence **evidence;
        size_t evidence_count;
};

/* What a piece of a finding's evidence says for its own bug: a function that only another one's advisories
 * name is code of the package that ran, EVIDENCE_EXECUTED. */
enum evidence_kind finding_evidence_kind(const struct finding *f, const struct evidence *e);

struct funnel_row {
        size_t installed, present, loaded, executed, reached, unknown; /* cumulative; unknown: of `loaded` */
};

struct not_evaluated {
        const char *ecosystem; /* with release */
        size_t packages;
        const char *reason, *mend;
};

struct verdict {
        struct finding *findings; /* ranked: worst first */
        size_t finding_count;
        struct funnel_row packages, vulnerabilities;
        size_t waiting; /* vulnerabilities of which it is known that nobody was seen to load them */
        size_t packages_clean;
        struct not_evaluated *not_evaluated;
        size_t not_evaluated_count;
};

/* 0 or -ENOMEM. Everything lies in the arena or in the input. */
int verdict_compute(const struct verdict_input *in, struct arena *a, struct verdict *ret);

/* The decision table, for explain and docs (docs/decision.md prints it). */
#define DECISION_LIKELY_EPSS 0.1 /* probability of exploitation within 30 days that counts as likely */
struct decision_input {
        bool exploited;            /* in KEV */
        bool likely;               /* EPSS at or above DECISION_LIKELY_EPSS */
        enum level level;          /* highest that cannot be excluded */
        bool exposed, automatable; /* automatable counts only where exposed */
        enum { IMPACT_LOW, IMPACT_MEDIUM, IMPACT_HIGH } impact;
        enum mission mission;
        bool malware;
};
enum decision decision_make(const struct decision_input *in);
/* What the CVSS vector (v2, v3 or v4) or, without one, the rating says about a bug. */
struct decision_bug {
        bool remote;      /* attacked over a network; so where no vector says otherwise */
        bool automatable; /* AV:N, PR:N (v2: Au:N), UI:N; so where no vector says otherwise */
        int impact;       /* IMPACT_LOW … IMPACT_HIGH */
        bool known;       /* there is a vector that could be read */
};
struct decision_bug decision_judge(const struct severity *s);
