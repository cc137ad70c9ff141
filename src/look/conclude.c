/* SPDX-License-Identifier: Apache-2.0 */

/* What was read is joined and committed: only what is new, as long as that weakens no negative, and else what
 * all processes say. */

#include "look/errand.h"

#include "base/clock.h"
#include "host/hidden.h"

enum {
        JOIN_COSTS = 4000, /* all is joined as many times apart as the last time took CPU … */
        JOIN_MOST_S = 60,  /* … but no further than this, if anything happens */
};

/* What all processes say is joined again when a negative may not stay as it is, or is old; as seldom as it is
 * dear. Until then it speaks up to the last time, and no further. */
bool look_join_is_due(const struct look *l)
{
        uint64_t pause = MIN(l->join_cost * JOIN_COSTS, JOIN_MOST_S * NS_PER_S);
        return l->resend || l->weakened != l->weakened_joined || clock_boottime() >= l->joined_all + pause;
}

static bool wants_all(const struct look *l, const struct join_input *in)
{
        return look_join_is_due(l) || !join_only_adds(in);
}

static int join(struct look *l, const struct join_input *in, enum look_extent extent, struct joined *ret)
{
        struct joined joined = {};
        struct arena *a = &l->scratch;
        bool all = extent != EXTENT_ADDITIONS;
        int r = all ? runtimes_cover(l, in->now, a) : 0;
        if (r == 0)
                r = all ? join_all(in, a, &joined) : join_additions(in, a, &joined);
        if (r == 0)
                r = functions_join(l, all, in->now, a, &joined);
        if (r == 0)
                r = code_ran_join(l, &joined.evidence);
        if (r == 0)
                r = all ? runtimes_join(l, in, a, &joined) : runtimes_add(l, in, a, &joined);
        if (r == 0 && in->full)
                r = limits_put_unreadable_first(l);
        if (r < 0)
                joined_done(&joined);
        else
                *ret = joined;
        return r;
}

/* How far what was read reaches, and the probes and engines that follow from it. */
static int update(struct look *l, const struct join_input *in, enum look_extent *ret, struct error *error)
{
        bool all = in->full || wants_all(l, in);
        spend_on(l, LOOK_FUNCTIONS);
        int r = functions_update(l, all ? ENTRIES_ALL : ENTRIES_OPEN, error);
        if (r < 0)
                return r;
        if (in->full)
                runtime_packages_renew(l);
        spend_on(l, LOOK_RUNTIMES);
        r = runtimes_update(l, all ? ENTRIES_ALL : ENTRIES_OPEN, in->full && !l->thrifty, error);
        if (r < 0)
                return r;
        l->thrifty |= in->full && l->options.watched;
        if (in->full && l->runtimes.late)
                look_limit(
                        l,
                        "%zu process%s with an interpreter ran and %s to be looked into: all looks together "
                        "may take %.2f %% of a CPU",
                        l->runtimes.late, l->runtimes.late == 1 ? "" : "es",
                        l->runtimes.late == 1 ? "waits" : "wait", BUDGET_LATER_NS / 1e7);
        /* Events came while this waited: a process may have ended with files that are lost. */
        all = all || !join_only_adds(in);
        *ret = in->full ? EXTENT_FULL : all ? EXTENT_ALL : EXTENT_ADDITIONS;
        return 0;
}

int look_conclude(struct look *l, bool full, size_t *ret_workloads, struct error *error)
{
        uint64_t begin = clock_cpu();
        spend_on(l, LOOK_FILES);
        int r = read_late_files(l, error);
        if (r < 0)
                return r;
        if (l->options.settle) /* no silence is told of a time whose events were not fetched */
                l->options.settle(l->options.wait_context, full || look_join_is_due(l));
        struct join_input in = {
                .table = &l->table,
                .roots = &l->roots,
                .groups = &l->groups,
                .sockets = &l->sockets,
                .sockets_unread = l->sockets_unread,
                .late = &l->late_uses,
                .unplaced = l->unplaced,
                .nameless = l->nameless,
                .hidden = l->hidden,
                .outside = outside_unseen(),
                .join = ++l->joins,
                .last_all = l->last_all,
                .joined_all = l->joined_all,
                .full = full,
                .only_new = !full && !l->resend,
                .now = clock_wall(),
                .watched_since = l->watched_since,
        };
        struct joined joined;
        enum look_extent extent;
        uint64_t now = clock_boottime(), weakened = l->weakened;
        if (l->nameless && full)
                look_loss(l, "processes of which not even the workload could be read", l->nameless);
        r = update(l, &in, &extent, error);
        if (r < 0)
                return r;
        spend_on(l, LOOK_JOIN);
        r = join(l, &in, extent, &joined);
        if (r < 0)
                return error_set(error, r, "out of memory");
        spend_on(l, LOOK_COMMIT);
        r = look_commit(l, &joined, extent, in.now, error);
        *ret_workloads = joined.workloads.count;
        joined_done(&joined);
        if (r == 0 && extent != EXTENT_ADDITIONS) {
                l->last_all = in.join;
                l->joined_all = now;
                l->join_cost = clock_cpu() - begin;
                l->weakened_joined = weakened;
        }
        return r;
}
