/* SPDX-License-Identifier: Apache-2.0 */

/* The decision is made twice: with everything that cannot be excluded, which is what counts, and with
 * what is proven alone. Where the two differ the finding stands right behind the proven ones. */

#include "verdict/compute.h"

static bool possible(const struct answer *a)
{
        return a->value != ANSWER_NOT_OBSERVED;
}

void rank_finding(struct finding *f, enum mission mission)
{
        const struct bug *b = f->bug;
        struct decision_bug said = decision_judge(&b->severity);
        struct decision_input in = {
                .exploited = b->kev_added != NULL,
                .likely = b->epss >= DECISION_LIKELY_EPSS,
                .level = f->level_possible,
                .exposed = said.remote && possible(&f->exposed),
                .automatable = said.automatable,
                .impact = said.impact,
                .mission = mission,
                .malware = b->malware,
        };
        f->decision = decision_make(&in);
        in.level = f->level;
        in.exposed = said.remote && said.known && f->exposed.value == ANSWER_YES;
        f->decision_proven = decision_make(&in);
        f->decision_unknown = f->decision_proven != f->decision;
}

static int real_compare(double a, double b)
{
        return (a > b) - (a < b);
}

static const char *workload_id(const struct finding *f)
{
        return f->workload ? f->workload->id : NULL;
}

int rank_compare(const struct finding *x, const struct finding *y)
{
        int d = (int)y->decision - (int)x->decision;
        d = d ? d : x->decision_unknown - y->decision_unknown;
        d = d ? d : (int)y->level - (int)x->level;
        d = d ? d : (int)y->decision_proven - (int)x->decision_proven;
        d = d ? d : (y->bug->kev_added != NULL) - (x->bug->kev_added != NULL);
        d = d ? d : (int)y->level_possible - (int)x->level_possible;
        d = d ? d : (int)y->exposed.value - (int)x->exposed.value;
        d = d ? d : real_compare(y->bug->epss, x->bug->epss);
        d = d ? d : real_compare(y->bug->severity.score, x->bug->severity.score);
        d = d ? d : (int)y->privileged.value - (int)x->privileged.value;
        d = d ? d : str_compare(x->bug->id, y->bug->id);
        d = d ? d : str_compare(x->key, y->key);
        d = d ? d : str_compare(x->package->root, y->package->root);
        return d ? d : str_compare(workload_id(x), workload_id(y));
}
