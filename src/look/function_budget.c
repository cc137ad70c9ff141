/* SPDX-License-Identifier: Apache-2.0 */

/* Probes are paid for by each process that maps their file. What all of them may cost together is saved up as
 * time passes, and spent by each mapping. A storm that has spent it takes all probes of the files that it
 * maps away at once; a moment later they come back as far as their rate permits, which is known by then, and
 * later the more often that happens.
 *
 * A breakpoint is written into a copy of its page, which each new process makes for itself; the first copy of
 * a mapping makes an anon_vma, which every later change of the mapping, and a fork, carries along. So a file
 * costs something, each page of it with probes does, and each probe. */

#include "look/state.h"

#include "base/clock.h"

enum {
        /* What is added to each start of a program (measured with /bin/true and libc on Linux 6.18: 10 µs,
         * 2.8 µs and 2 µs), and 6 µs to the fork before it. */
        FILE_NS = 16000,
        PAGE_NS = 2800,
        PROBE_NS = 2000,
        ALARM_SHIFT_MOST = 10,
        EASE_PARTS = 4,       /* the least part of its rate that a file is taken for at once */
        EVERYWHERE_LEAST = 4, /* programs: fewer tell nothing of what will start */
        BLAME_PARTS = 10,     /* a file that took the tenth of what was spent is one of the storm */
};
#define EASE_NS       (10 * NS_PER_S) /* how often rates are taken for lower than before */
#define REST_NS       NS_PER_S        /* how long all probes of a file are away at least */
#define REST_MOST_NS  (60 * NS_PER_S)
#define REST_AGAIN_NS (60 * NS_PER_S) /* twice as long, if there was a rest in this time */

/* Saved at most, ns. A script of a few dozen programs changes nothing; and the first second of a storm is
 * dearer by no more than 1 % through what it is sure to map. */
static const int64_t saved_most[_SAVED_MAX] = {[SAVED_ALL] = 20000000, [SAVED_EVERYWHERE] = 3000000};

uint64_t function_budget_cost(size_t pages, size_t probes)
{
        return probes ? FILE_NS + pages * PAGE_NS + probes * PROBE_NS : 0;
}

/* How many a second have come, since there were `before` at that time. */
static double rate_since(const struct probed_file *f, uint64_t before, uint64_t then, uint64_t now)
{
        return (double)(f->mapped - before) * NS_PER_S / (double)MAX(now - then, (uint64_t)1);
}

/* A few mappings in the first moment of a watch are no rate: a service that starts maps its file once. A
 * storm's are many, or spend what is saved. */
void function_budget_begin(struct native_watch *n, struct probed_file *f, uint64_t mapped, uint64_t now)
{
        f->seen_mapped = f->mapped = mapped;
        f->rate = rate_since(f, 0, n->began, MAX(now, n->began + EASE_NS));
        f->mapped_saved = f->mapped_eased = f->mapped;
}

bool function_budget_everywhere(const struct native_watch *n, const struct probed_file *f)
{
        return f->programs.count >= EVERYWHERE_LEAST && 2 * f->programs.count > n->programs.count;
}

static bool pays_from(const struct native_watch *n, const struct probed_file *f, int account)
{
        return account == SAVED_ALL || function_budget_everywhere(n, f);
}

/* Take in what was mapped since the last time. */
static void spend(struct native_watch *n, uint64_t now)
{
        struct probed_file *f;
        for (int k = 0; k < _SAVED_MAX; k++)
                n->saved_ns[k] += (int64_t)((now - n->spent_at) / PROBES_CPU_PART);
        for (size_t i = 0; (f = functions_next_watched(n, &i));) {
                int64_t cost = (int64_t)((f->seen_mapped - f->mapped) * f->mapping_ns);
                for (int k = 0; k < _SAVED_MAX; k++)
                        n->saved_ns[k] -= pays_from(n, f, k) ? cost : 0;
                f->mapped = f->seen_mapped;
        }
        n->spent_at = now;
}

static void begin_saving(struct native_watch *n, int64_t parts)
{
        struct probed_file *f;
        for (int k = 0; k < _SAVED_MAX; k++)
                n->saved_ns[k] = saved_most[k] / parts;
        for (size_t i = 0; (f = functions_next_watched(n, &i));)
                f->mapped_saved = f->mapped;
}

/* All that may be saved is. */
static bool is_full(struct native_watch *n)
{
        bool full = true;
        for (int k = 0; k < _SAVED_MAX; k++) {
                full &= n->saved_ns[k] >= saved_most[k];
                n->saved_ns[k] = MIN(n->saved_ns[k], saved_most[k]);
        }
        return full;
}

static bool is_overspent(const struct native_watch *n, int account)
{
        return n->saved_ns[account] < 0;
}

/* Whether a file was mapped much more seldom than is planned for. */
static bool ease(struct native_watch *n, uint64_t now)
{
        struct probed_file *f;
        bool eased = n->resting;
        for (size_t i = 0; (f = functions_next_watched(n, &i));) {
                double rate = rate_since(f, f->mapped_eased, n->eased_at, now);
                eased |= f->most_ns != UINT64_MAX && rate < f->rate / 2;
                f->rate = f->resting ? rate : MAX(rate, f->rate / EASE_PARTS);
                f->resting = false;
                f->mapped_eased = f->mapped;
        }
        n->eased_at = now;
        n->resting = false;
        n->alarm_shift = 0;
        return eased;
}

static int64_t spent_by(const struct probed_file *f)
{
        return (int64_t)((f->mapped - f->mapped_saved) * f->mapping_ns);
}

/* A file that took much of what is missing now. */
static bool is_to_blame(const struct native_watch *n, const struct probed_file *f)
{
        for (int k = 0; k < _SAVED_MAX; k++) {
                struct probed_file *other;
                int64_t spent = 0;
                for (size_t i = 0; is_overspent(n, k) && (other = functions_next_watched(n, &i));)
                        spent += pays_from(n, other, k) ? spent_by(other) : 0;
                if (spent > 0 && pays_from(n, f, k) && spent_by(f) >= spent / BLAME_PARTS)
                        return spent_by(f) > 0;
        }
        return false;
}

/* How often programs start is not known yet: that they have cost so much at once, is. */
static void begin_rest(struct native_watch *n, uint64_t now)
{
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next_watched(n, &i));) {
                f->resting |= is_to_blame(n, f);
                f->mapped_eased = f->mapped;
        }
        bool again = n->rest_ns && now < n->eased_at + n->rest_ns + REST_AGAIN_NS;
        n->rest_ns = again ? MIN(2 * n->rest_ns, (uint64_t)REST_MOST_NS) : REST_NS;
        n->eased_at = now;
        n->resting = true;
        n->alarm_shift = 0;
        begin_saving(n, 2);
}

bool function_budget_spend(struct native_watch *n, bool alarmed, uint64_t now)
{
        if (!n->spent_at)
                n->spent_at = n->eased_at = now;
        spend(n, now);
        if (is_full(n))
                begin_saving(n, 1);
        if (now - n->eased_at >= (n->resting ? n->rest_ns : EASE_NS) && ease(n, now))
                n->replan = n->pending = true;
        for (int k = 0; k < _SAVED_MAX; k++)
                if (is_overspent(n, k)) {
                        begin_rest(n, now);
                        return true;
                }
        /* What starts are other programs: they can be counted in larger steps. */
        if (alarmed && n->alarm_shift < ALARM_SHIFT_MOST)
                n->alarm_shift++;
        return false;
}

uint64_t function_budget_alarm(const struct native_watch *n)
{
        struct probed_file *f;
        uint64_t least = UINT64_MAX;
        for (size_t i = 0; (f = functions_next_watched(n, &i));)
                for (int k = 0; f->mapping_ns && k < _SAVED_MAX; k++)
                        if (pays_from(n, f, k))
                                least = MIN(least, (uint64_t)MAX(n->saved_ns[k], 0) / f->mapping_ns);
        return least == UINT64_MAX ? 0 : (least + 2) << n->alarm_shift;
}
