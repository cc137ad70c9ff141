/* SPDX-License-Identifier: Apache-2.0 */

/* Thousands of binary packages come from a few hundred sources: each source version is matched once and
 * its bugs are shared. */

#include "look/assess.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "look/package_query.h"

#include <errno.h>
#include <fcntl.h>

enum {
        ASSESS_MEMORY = 1 << 30, /* bytes */
        IGNORE_FILE = 4 << 20,   /* bytes of one file of ignore rules */
};

static int match_one(struct advisory_db *db, const struct package *p, struct map *known, struct arena *a,
                     struct match *ret, struct error *error)
{
        if (p->not_evaluated) {
                *ret = (struct match){.outcome = MATCH_NOT_EVALUATED, .reason = p->not_evaluated};
                return 0;
        }
        struct match_query query = package_query(p);
        const char *key = package_query_key(&query, a);
        if (!key)
                return error_set(error, -ENOMEM, "out of memory");
        struct match *shared = map_get_str(known, key);
        if (!shared) {
                shared = arena_alloc(a, sizeof(*shared));
                if (!shared)
                        return error_set(error, -ENOMEM, "out of memory");
                int r = advisory_match(db, &query, a, shared, error);
                if (r < 0)
                        return r;
                if (map_put_str(known, key, shared) < 0)
                        return error_set(error, -ENOMEM, "out of memory");
        }
        *ret = *shared;
        return 0;
}

static int match_all(const char *state, struct assessment *s, struct match **ret, struct error *error)
{
        _cleanup_advisory_ struct advisory_db *db = NULL;
        _cleanup_map_ struct map known = {};
        int r = advisory_open(state, ADVISORY_READ, &db, error);
        if (r < 0)
                return r;
        r = advisory_hold(db, error);
        if (r == 0)
                r = advisory_status(db, &s->arena, &s->advisories, error);
        if (r < 0)
                return r;
        size_t count = s->history.packages.count;
        struct match *matches = arena_alloc(&s->arena, MAX(count, (size_t)1) * sizeof(*matches));
        if (!matches)
                return error_set(error, -ENOMEM, "out of memory");
        for (size_t i = 0; i < count; i++) {
                r = match_one(db, &s->history.packages.items[i], &known, &s->arena, &matches[i], error);
                if (r < 0)
                        return r;
        }
        *ret = matches;
        return 0;
}

static int apply_ignore(const char *path, struct assessment *s, struct error *error)
{
        _cleanup_buf_ struct buf text = BUF_INIT(IGNORE_FILE);
        struct ignore_rules *rules;
        struct error why = {};
        int r = file_read_at(AT_FDCWD, path, &text);
        if (r < 0)
                return error_set(error, r, "cannot read the ignore rules in %s: %s", path, strerror(-r));
        r = ignore_parse(text.data ? text.data : "", text.size, &s->arena, &rules, &why);
        if (r < 0)
                return error_set(error, r, "%s: %s", path, why.text);
        ignore_apply(rules, s->report.now, &s->verdict);
        const char **remarks;
        s->report.remark_count = ignore_remarks(rules, s->report.now, &s->arena, &remarks);
        s->report.remarks = remarks;
        return 0;
}

static int judge(const struct assess_options *options, struct assessment *s, struct error *error)
{
        struct match *matches = NULL;
        int r = match_all(options->state, s, &matches, error);
        if (r < 0)
                return r;
        const struct history *h = &s->history;
        struct verdict_input in = {
                .packages = h->packages.items,
                .package_count = h->packages.count,
                .matches = matches,
                .workloads = h->workloads.items,
                .workload_count = h->workloads.count,
                .evidence = &h->evidence,
                .coverage = &h->coverage,
                .functions = &h->functions,
                .doubts = &h->doubts,
                .mission = options->mission,
        };
        r = verdict_compute(&in, &s->arena, &s->verdict);
        if (r < 0)
                return error_set(error, r, "out of memory");
        if (options->ignore_path && (r = apply_ignore(options->ignore_path, s, error)) < 0)
                return r;
        gate_filter(&options->gate, &s->verdict);
        s->trips = gate_trips(&options->gate, &s->verdict, h->limits.items, h->limits.count, &s->arena,
                              &s->trip_reason);
        return 0;
}

static void fill_report(const struct assess_options *options, struct assessment *s)
{
        const struct history *h = &s->history;
        struct report *r = &s->report;
        r->host.id = h->host.id;
        r->host.name = h->host.name;
        r->host.os = h->host.os;
        r->host.kernel = h->host.kernel;
        r->host.boot_id = h->host.boot_id;
        r->time = h->time;
        r->inventory_time = h->host.inventory;
        r->look_seconds = -1;
        vec_each (w, &h->workloads) {
                r->workloads += w->running;
                r->processes += w->running ? w->processes : 0;
        }
        r->advisories = &s->advisories;
        r->coverage = &h->coverage;
        r->losses = &h->losses;
        r->limits = h->limits.items;
        r->limit_count = h->limits.count;
        r->verdict = &s->verdict;
        r->mission = options->mission;
}

int assess(const struct assess_options *options, struct assessment *ret, struct error *error)
{
        _cleanup_store_ struct store *store = NULL;
        *ret = (struct assessment){.arena = ARENA_INIT(ASSESS_MEMORY)};
        int r = store_open(options->state, STORE_READ, &store, error);
        if (r == 0)
                r = store_load(store, &ret->arena, &ret->history, error);
        if (r == 0 && !ret->history.time) /* no data is not clean */
                r = error_set(error, -ENOENT, "no look at this machine has ended in %s yet: run usewear scan",
                              options->state);
        if (r == 0) {
                ret->report.now = clock_wall();
                r = judge(options, ret, error);
        }
        if (r < 0) {
                assessment_done(ret);
                return r;
        }
        fill_report(options, ret);
        return 0;
}

void assessment_done(struct assessment *a)
{
        history_done(&a->history);
        vec_done(&a->advisories);
        arena_done(&a->arena);
}
