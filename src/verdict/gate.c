/* SPDX-License-Identifier: Apache-2.0 */

/* A gate guards against what may be, not only what is proven: what cannot be excluded trips it, unless
 * the user says that unknowns may pass. */

#include "verdict/gate.h"

#include <errno.h>

int gate_parse(const char *text, struct gate *ret)
{
        struct gate g = *ret;
        if (level_parse(text, &g.level) == 0)
                g.by_decision = false;
        else if (decision_parse(text, &g.decision) == 0)
                g.by_decision = true;
        else
                return -EINVAL;
        g.on = true;
        *ret = g;
        return 0;
}

static int rating_rank(const char *rating)
{
        static const char *const ratings[] = {"none", "low", "medium", "high", "critical"};
        for (size_t i = 0; i < ARRAY_SIZE(ratings); i++)
                if (str_equal(rating, ratings[i]))
                        return (int)i;
        return -1;
}

/* What nobody rated may be anything: it stays. */
static bool severe_enough(const struct gate *g, const struct finding *f)
{
        int least = rating_rank(g->min_severity), is = rating_rank(f->bug->severity.rating);
        return least < 0 || is < 0 || is >= least;
}

void gate_filter(const struct gate *g, struct verdict *v)
{
        size_t kept = 0;
        for (size_t i = 0; i < v->finding_count; i++) {
                const struct finding *f = &v->findings[i];
                if (severe_enough(g, f) && (!g->only_fixed || f->bug->fixed_version))
                        v->findings[kept++] = *f;
        }
        v->finding_count = kept;
}

static bool finding_trips(const struct gate *g, const struct finding *f)
{
        if (f->suppressed)
                return false;
        if (g->by_decision)
                return (g->allow_unknown ? f->decision_proven : f->decision) >= g->decision;
        return (g->allow_unknown ? f->level : f->level_possible) >= g->level;
}

/* What was not compared with advisories, or not even seen, may hold anything. */
static bool strictly_trips(const struct verdict *v, const char *const *limits, size_t limit_count,
                           struct arena *a, const char **ret_reason)
{
        size_t packages = 0;
        for (size_t i = 0; i < v->not_evaluated_count; i++)
                packages += v->not_evaluated[i].packages;
        if (packages)
                *ret_reason = arena_printf(a, "%zu package%s not evaluated (--strict)", packages,
                                           packages == 1 ? " was" : "s were");
        else if (limit_count)
                *ret_reason = arena_printf(a, "%s (--strict)", limits[0]);
        return packages || limit_count;
}

bool gate_trips(const struct gate *g, const struct verdict *v, const char *const *limits, size_t limit_count,
                struct arena *a, const char **ret_reason)
{
        size_t count = 0;
        const struct finding *worst = NULL;
        for (size_t i = 0; g->on && i < v->finding_count; i++) {
                if (!finding_trips(g, &v->findings[i]))
                        continue;
                if (!count++)
                        worst = &v->findings[i];
        }
        if (worst) {
                *ret_reason = arena_printf(a, "%zu finding%s at or above %s%s, the first: %s in %s", count,
                                           count == 1 ? "" : "s",
                                           g->by_decision ? decision_name(g->decision) : level_name(g->level),
                                           g->allow_unknown ? "" : " or not known to be below it",
                                           worst->bug->id, worst->package->name);
                return true;
        }
        return g->strict && strictly_trips(v, limits, limit_count, a, ret_reason);
}
