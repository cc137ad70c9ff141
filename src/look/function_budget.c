/* SPDX-License-Identifier: Apache-2.0 */

/* A probe is paid for by each process that maps its file. What all of them may cost together is saved up as
 * time passes, and spent by each mapping. A storm that has spent it takes probes away at once, by how often
 * each file was mapped since something was saved; they come back slowly, since storms do. */

#include "look/state.h"

#include "base/clock.h"

enum {
        MAPPING_NS = 2200,       /* what one probe adds to each new mapping of its file (measured) */
        CPU_PART = 200,          /* all probes may take one part in so many of a CPU */
        SAVED_MOST_NS = 20000000 /* saved at most: a script of a few dozen programs changes nothing */
};
#define EASE_NS (10 * NS_PER_S) /* how often a file's rate is taken for lower than before, by half */

static bool is_counted(const struct probed_file *f)
{
        return f->resolved && !f->failure && f->functions.count;
}

/* How many a second have come, since there were `before` at that time. */
static double rate_since(const struct probed_file *f, uint64_t before, uint64_t then, uint64_t now)
{
        return (double)(f->mapped - before) * NS_PER_S / (double)MAX(now - then, (uint64_t)1);
}

void function_budget_begin(struct native_watch *n, struct probed_file *f)
{
        uint64_t now = clock_boottime();
        f->mapped = sensor_mappings(n->sensor, f->inode);
        f->rate = rate_since(f, 0, n->began, MAX(now, n->began + NS_PER_S));
        f->mapped_saved = f->mapped_eased = f->mapped;
}

/* Take in what was mapped since the last time. */
static void spend(struct native_watch *n, uint64_t now)
{
        struct probed_file *f;
        n->saved_ns += (int64_t)((now - n->spent_at) / CPU_PART);
        n->spent_at = now;
        for (size_t i = 0; (f = functions_next(n, &i));) {
                uint64_t mapped = is_counted(f) ? sensor_mappings(n->sensor, f->inode) : f->mapped;
                n->saved_ns -= (int64_t)((mapped - f->mapped) * f->probes * MAPPING_NS);
                f->mapped = mapped;
        }
}

static void begin_saving(struct native_watch *n, uint64_t now, int64_t with_ns)
{
        struct probed_file *f;
        n->saved_ns = with_ns;
        n->saved_at = now;
        for (size_t i = 0; (f = functions_next(n, &i));)
                f->mapped_saved = f->mapped;
}

/* Whether a file was mapped much more seldom than is planned for. */
static bool ease(struct native_watch *n, uint64_t now)
{
        struct probed_file *f;
        bool eased = false;
        for (size_t i = 0; (f = functions_next(n, &i));) {
                double rate = rate_since(f, f->mapped_eased, n->eased_at, now);
                eased |= f->most_probes < FUNCTION_PROBES_MOST && rate < f->rate / 2;
                f->rate = MAX(rate, f->rate / 2);
                f->mapped_eased = f->mapped;
        }
        n->eased_at = now;
        return eased;
}

bool function_budget_spend(struct native_watch *n)
{
        struct probed_file *f;
        uint64_t now = clock_boottime();
        if (!n->spent_at)
                n->spent_at = n->saved_at = n->eased_at = now;
        spend(n, now);
        if (n->saved_ns >= SAVED_MOST_NS)
                begin_saving(n, now, SAVED_MOST_NS);
        if (now - n->eased_at >= EASE_NS && ease(n, now))
                n->replan = n->pending = true;
        if (n->saved_ns >= 0)
                return false;
        for (size_t i = 0; (f = functions_next(n, &i));)
                f->rate = MAX(f->rate, rate_since(f, f->mapped_saved, n->saved_at, now));
        begin_saving(n, now, SAVED_MOST_NS / 2);
        return true;
}

/* ---- shares ----------------------------------------------------------------------------------------- */

/* Share of a CPU that all its functions would take. */
static double demand_of(const struct probed_file *f)
{
        size_t probes = 0, functions = 0;
        vec_each (p, &f->functions) {
                if (p->found.absent || p->found.unknown || functions_all_hit(f, p))
                        continue;
                probes += p->found.site_count + p->found.guard_count;
                if (++functions == FUNCTIONS_ARMED_MOST)
                        break;
        }
        return (double)probes * f->rate * MAPPING_NS / NS_PER_S;
}

static int compare_numbers(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

/* The most that one file may take, so that all together take no more than they may: who wants less leaves the
 * rest to the others. */
static double level_of(double *demands, size_t count)
{
        double left = 1.0 / CPU_PART;
        if (count)
                qsort(demands, count, sizeof(*demands), compare_numbers);
        for (size_t i = 0; i < count; i++) {
                double share = left / (double)(count - i);
                if (demands[i] > share)
                        return share;
                left -= demands[i];
        }
        return 1;
}

void function_budget_share(struct native_watch *n)
{
        VEC(double) demands = {};
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next(n, &i));) {
                if (!is_counted(f))
                        continue;
                double *slot = vec_add(&demands);
                if (!slot) { /* it stays as it was */
                        vec_done(&demands);
                        return;
                }
                *slot = demand_of(f);
        }
        double level = level_of(demands.items, demands.count);
        vec_done(&demands);
        for (size_t i = 0; (f = functions_next(n, &i));) {
                double most = f->rate > 0 ? level * NS_PER_S / (f->rate * MAPPING_NS) : FUNCTION_PROBES_MOST;
                f->most_probes = demand_of(f) <= level ? FUNCTION_PROBES_MOST
                                                       : (size_t)MIN(most, (double)FUNCTION_PROBES_MOST);
        }
}
