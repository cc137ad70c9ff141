/* SPDX-License-Identifier: Apache-2.0 */

/* All that a look has to say goes into the store in one transaction, or not at all: then the next one says it
 * again. */

#include "look/state.h"

#include "base/clock.h"

#include <stdlib.h>

static int put_fresh_roots(struct look *l, int64_t now, struct error *error)
{
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));) {
                int r = root->fresh ? store_put_inventory(l->store, &root->root, &root->inventory.packages,
                                                          now, error)
                                    : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What was seen. It can be put before what follows from it for the workloads. */
static int put_seen(struct look *l, const struct joined *j, int64_t now, struct error *error)
{
        int r = put_fresh_roots(l, now, error);
        for (size_t i = 0; r == 0 && i < j->packages.count; i++)
                r = store_put_package(l->store, &j->packages.items[i], now, error);
        if (r == 0)
                r = store_put_evidence(l->store, &j->evidence, error);
        if (r == 0)
                r = store_put_functions(l->store, &j->functions, error);
        if (r == 0)
                r = store_put_losses(l->store, &l->losses, error);
        if (r == 0)
                r = store_put_doubts(l->store, &j->doubts, error);
        if (r == 0)
                r = store_put_spared(l->store, &l->native.spared, error);
        return r;
}

static int put_workloads(struct look *l, const struct joined *j, bool full, int64_t now, struct error *error)
{
        const struct machine *m = &l->machine;
        struct host_facts host = {m->id, m->name, m->os, m->kernel, m->boot_id, roots_read_since(&l->roots)};
        int r = store_put_host(l->store, &host, now, error);
        if (r == 0)
                r = store_put_workloads(l->store, j->workloads.items, j->workloads.count, now, error);
        if (r == 0)
                r = store_put_coverage(l->store, &j->coverage, error);
        if (r == 0 && full)
                r = store_put_limits(l->store, l->limits.items, l->limits.count, error);
        return r;
}

static void forget_committed(struct look *l)
{
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));)
                if (root->fresh || root->inventory.packages.count)
                        roots_committed(root);
        vec_each (loss, &l->losses)
                free((char *)loss->what);
        l->losses.count = 0;
        table_sweep(&l->table, 0 /* only those that ended */);
}

/* Most programs that start have told before whatever they could. */
static bool adds_nothing(const struct look *l, const struct joined *j)
{
        size_t i = 0;
        for (const struct known_root *root; (root = roots_next(&l->roots, &i));)
                if (root->fresh)
                        return false;
        return !j->packages.count && !j->evidence.count && !j->functions.count && !l->losses.count &&
               !j->doubts.count && !l->native.spared.count && !l->resend;
}

static int put(struct look *l, const struct joined *j, enum look_extent extent, int64_t now,
               struct error *error)
{
        int r = store_begin(l->store, error);
        if (r == 0)
                r = put_seen(l, j, now, error);
        if (r == 0 && extent != EXTENT_ADDITIONS)
                r = put_workloads(l, j, extent == EXTENT_FULL, now, error);
        return r < 0 ? r : store_commit(l->store, error);
}

int look_commit(struct look *l, const struct joined *j, enum look_extent extent, int64_t now,
                struct error *error)
{
        int r = extent == EXTENT_ADDITIONS && adds_nothing(l, j) ? 0 : put(l, j, extent, now, error);
        if (r < 0) {
                store_rollback(l->store);
                l->resend = true;
                if (l->late_uses.count)
                        look_loss(l, "files of ended processes that could not be stored", l->late_uses.count);
                return r;
        }
        l->resend = false;
        runtimes_committed(l);
        forget_committed(l);
        code_ran_committed(l);
        functions_committed(&l->native);
        return 0;
}
