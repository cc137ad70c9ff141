/* SPDX-License-Identifier: Apache-2.0 */

/* How much the probes of each file may cost, so that all together cost no more than they may at the rates at
 * which their files are mapped: who wants less than an equal share leaves the rest to the others. */

#include "look/state.h"

#include "base/clock.h"

/* What most programs map, every storm will map. It is planned for so many mappings a second at least: until
 * its probes are gone, the storm pays for them. */
enum { EVERYWHERE_RATE = 60 };

static bool is_counted(const struct probed_file *f)
{
        return f->resolved && !f->failure && f->functions.count;
}

/* Share of a CPU that all its functions would take, if no two were on a page. */
static double demand_of(const struct probed_file *f, double rate)
{
        size_t probes = 0, functions = 0;
        vec_each (p, &f->functions) {
                if (p->found.absent || p->found.unknown || functions_all_hit(f, p))
                        continue;
                probes += p->found.site_count + p->found.guard_count;
                if (++functions == FUNCTIONS_ARMED_MOST)
                        break;
        }
        return (double)function_budget_cost(probes, probes) * rate / NS_PER_S;
}

struct demand {
        struct probed_file *file;
        double rate, share; /* mappings a second that are planned for; of a CPU */
};

static int compare_shares(const void *a, const void *b)
{
        const struct demand *x = a, *y = b;
        return (x->share > y->share) - (x->share < y->share);
}

/* The most that one file may take, so that all together take no more than they may: who wants less leaves the
 * rest to the others. */
static double level_of(struct demand *demands, size_t count)
{
        double left = 1.0 / PROBES_CPU_PART;
        if (count)
                qsort(demands, count, sizeof(*demands), compare_shares);
        for (size_t i = 0; i < count; i++) {
                double share = left / (double)(count - i);
                if (demands[i].share > share)
                        return share;
                left -= demands[i].share;
        }
        return 1;
}

/* What a mapping may cost where they come at that rate. */
static double bearable_ns(const struct demand *d, double level)
{
        return level * NS_PER_S / d->rate;
}

/* Files that are mapped so often that not even one probe fits leave their share to the others. */
static double settle(struct demand *demands, size_t count)
{
        const double least_ns = (double)function_budget_cost(1, 1);
        for (;;) {
                double level = level_of(demands, count);
                bool dropped = false;
                for (size_t i = 0; i < count; i++)
                        if (demands[i].share > level && bearable_ns(&demands[i], level) < least_ns) {
                                demands[i].share = 0;
                                demands[i].file->most_ns = 0;
                                dropped = true;
                        }
                if (!dropped)
                        return level;
        }
}

void function_budget_share(struct native_watch *n)
{
        VEC(struct demand) demands = {};
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next_watched(n, &i));) {
                if (!is_counted(f) || f->resting)
                        continue;
                struct demand *slot = vec_add(&demands);
                if (!slot) { /* all stays as it was */
                        vec_done(&demands);
                        return;
                }
                double rate = MAX(f->rate, function_budget_everywhere(n, f) ? EVERYWHERE_RATE : 0.0);
                *slot = (struct demand){f, rate, demand_of(f, rate)};
        }
        for (size_t i = 0; (f = functions_next_watched(n, &i));)
                f->most_ns = f->resting ? 0 : UINT64_MAX;
        double level = settle(demands.items, demands.count);
        vec_each (d, &demands)
                if (d->share > level)
                        d->file->most_ns = (uint64_t)bearable_ns(d, level);
        vec_done(&demands);
}
