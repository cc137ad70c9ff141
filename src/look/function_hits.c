/* SPDX-License-Identifier: Apache-2.0 */

/* What probes tell between two looks, and what becomes of them: a function that every workload has run needs
 * no probe any more, one that runs all the time must not have one. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

enum {
        RATE_NS = 250000000, /* how often rates are looked at */
        HOT_EMULATED = 5000, /* hits a second that are too many: 0.6 µs each */
        HOT_STEPPED = 200,   /* and where an instruction is single-stepped */
        REST_NS_SHIFT = 6,   /* at most 2^6 minutes */
        EARLY_MOST = 4096,
        SWAP_LEAST_NS = 20000000,
        SWAP_COSTS = 20, /* a change is no more frequent than this many times what it takes */
};
#define REST_NS (60 * NS_PER_S)

/* ---- hits ------------------------------------------------------------------------------------------- */

/* 1: news; 0: known, or nobody's; -EAGAIN: the workload is not known yet. */
static int take_hit(struct look *l, const struct early_hit *h)
{
        struct native_watch *n = &l->native;
        struct probed_function *p = h->probe < EVENT_PROBES ? n->numbers[h->probe] : NULL;
        const char *workload = p ? function_workload_of(l, h->cgroup, h->pid) : NULL;
        const struct entry *e = table_get(&l->table, h->pid);
        if (!p)
                return 0;
        /* Who was looked at since and is not in that cgroup has a thread there. */
        if (!workload && e && entry_named(e) && e->asked_at > h->taken)
                workload = e->process.workload_id;
        if (!workload)
                return -EAGAIN;
        struct probed_file *f = n->number_files[h->probe];
        bool host = h->probe == p->guard;
        struct probed_hit hit = {.pid = h->pid, .first = h->time, .last = h->time};
        int r = host ? function_note_host(p, workload) : function_note_hit(p, workload, &hit);
        f->news |= r > 0;
        if (f != &n->hooks && (host ? functions_all_told(f, p) : functions_all_hit(f, p)))
                f->dirty = n->pending = true;
        return r;
}

/* It ran, nobody knows where: its silence speaks for the time from now on, in all workloads that are and
 * come. The kernel tells the next hit again: it came from a cgroup whose workload may be known by then.
 */
static void lose_hit(struct look *l, const struct early_hit *h)
{
        struct native_watch *n = &l->native;
        struct probed_function *p = h->probe < EVENT_PROBES ? n->numbers[h->probe] : NULL;
        look_loss(l, "functions that ran in workloads which could not be told", 1);
        if (!p)
                return;
        sensor_probe_forget(n->sensor, (uint32_t)h->probe, h->cgroup);
        p->since = function_watched_from();
        n->number_files[h->probe]->news = true;
}

bool look_function_ran(struct look *l, uint64_t probe, uint64_t cgroup, int pid, int64_t time)
{
        struct early_hit hit = {probe, cgroup, pid, time, clock_boottime()};
        int r = take_hit(l, &hit);
        if (r != -EAGAIN)
                return r > 0;
        struct early_hit *slot = l->native.early.count < EARLY_MOST ? vec_add(&l->native.early) : NULL;
        if (slot)
                *slot = hit;
        else
                lose_hit(l, &hit);
        return true;
}

void functions_take_early(struct look *l)
{
        vec_each (hit, &l->native.early)
                if (take_hit(l, hit) == -EAGAIN)
                        lose_hit(l, hit);
        l->native.early.count = 0;
}

/* ---- rates ------------------------------------------------------------------------------------------ */

static bool any_stepped(const struct native_site *sites, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (sites[i].stepped)
                        return true;
        return false;
}

/* The circuit breaker: rests grow with each time. */
static bool is_hot(struct native_watch *n, uint32_t number, bool stepped, double seconds, uint64_t *counted)
{
        uint64_t hits = sensor_probe_hits(n->sensor, number), before = *counted;
        *counted = hits;
        return hits > before && (double)(hits - before) > seconds * (stepped ? HOT_STEPPED : HOT_EMULATED);
}

/* True: it is taken away. */
static bool watch_rate(struct native_watch *n, struct probed_file *f, struct probed_function *p, uint64_t now,
                       double seconds)
{
        if (p->rest_until && p->rest_until <= now) { /* others may have taken its place meanwhile */
                p->rest_until = 0;
                n->replan = true;
                p->counted = sensor_probe_hits(n->sensor, p->number);
        }
        if (!p->armed || p->number == UINT32_MAX)
                return false;
        bool hosts = p->guarded && is_hot(n, p->guard, any_stepped(p->found.guards, p->found.guard_count),
                                          seconds, &p->guards_counted);
        if (hosts)
                p->guards_hot = f->dirty = true;
        if (!is_hot(n, p->number, any_stepped(p->found.sites, p->found.site_count), seconds, &p->counted))
                return hosts;
        p->rest_until = now + (REST_NS << MIN(p->rests, (unsigned)REST_NS_SHIFT));
        p->rests++;
        p->unarmed = LOOK_TOO_HOT;
        f->dirty = true;
        return true;
}

/* Each mapping pays for what is set: this does not wait. */
void look_shed_probes(struct look *l)
{
        struct native_watch *n = &l->native;
        struct probed_file *f;
        if (!n->sensor)
                return;
        for (size_t i = 0; (f = functions_next_watched(n, &i));)
                f->seen_mapped = sensor_mappings(n->sensor, f->inode);
        bool alarmed = n->alarm && !sensor_wake_left(n->sensor);
        if (function_budget_spend(n, alarmed, clock_boottime()))
                functions_arm(n);
        n->alarm = function_budget_alarm(n);
        sensor_wake_after(n->sensor, n->alarm);
}

bool look_tend_probes(struct look *l)
{
        struct native_watch *n = &l->native;
        bool news = false;
        uint64_t now = clock_boottime();
        bool rate = now - n->rated >= RATE_NS;
        double seconds = (double)(now - n->rated) / NS_PER_S;
        look_shed_probes(l);
        if (!n->sensor || (!rate && !n->pending) ||
            now - n->swapped < MAX((uint64_t)SWAP_LEAST_NS, SWAP_COSTS * n->swap_ns))
                return false;
        if (n->replan)
                functions_arm(n);
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next_watched(n, &i));) {
                struct error error;
                if (!f->resolved || f->failure)
                        continue;
                vec_each (p, &f->functions)
                        if (rate)
                                news |= watch_rate(n, f, p, now, seconds);
                if (f->dirty)
                        functions_rearm(n, f, &error);
        }
        n->pending = false;
        if (rate)
                n->rated = now;
        return news;
}

void functions_lost(struct native_watch *n)
{
        size_t i = 0;
        functions_forget_origins(n);
        for (struct probed_file *f; (f = functions_next_watched(n, &i));)
                vec_each (p, &f->functions)
                        if (p->armed)
                                p->since = function_watched_from();
}

bool look_wants_file(const struct look *l, uint32_t device, uint64_t inode, uint64_t cgroup)
{
        const struct native_watch *n = &l->native;
        const struct boring_file key = {.inode = inode, .device = device};
        if (!n->sensor || map_get(&n->boring, &key, sizeof(key)))
                return false;
        const char *workload = function_workload_of(l, cgroup, 0);
        size_t i = 0;
        for (const struct probed_file *f; (f = functions_next(n, &i));) {
                if (f->device != device || f->inode != inode)
                        continue;
                if (!f->functions.count)
                        return false;
                vec_each (user, &f->users)
                        if (str_equal(user->workload, workload))
                                return false;
                return true;
        }
        return true;
}

void look_probe_figures(const struct look *l, struct probe_figures *ret)
{
        struct probe_figures sum = {};
        uint64_t now = clock_boottime();
        size_t i = 0;
        for (const struct probed_file *f; (f = functions_next_watched(&l->native, &i));) {
                sum.files++;
                vec_each (p, &f->functions) {
                        sum.functions++;
                        sum.armed += p->armed;
                        sum.hit += p->hits.count > 0;
                        sum.resting += p->rest_until > now;
                        sum.unarmed += p->unarmed != NULL || f->failure != NULL;
                }
        }
        *ret = sum;
}

/* ---- tracepoints ------------------------------------------------------------------------------------ */

int look_set_hooks(struct look *l, struct error *error)
{
        struct native_watch *n = &l->native;
        size_t count = 0;
        n->hooks = (struct probed_file){.arena = ARENA_INIT(1 << 20), .fd = -1};
        for (size_t i = 0; i < l->options.function_count; i++) {
                const struct look_function *w = &l->options.functions[i];
                struct probed_function *p = w->file ? NULL : vec_add(&n->hooks.functions);
                count += p != NULL;
                if (!p && !w->file)
                        return error_set(error, -ENOMEM, "out of memory");
                if (p)
                        *p = (struct probed_function){.subject = w->text,
                                                      .package = "",
                                                      .guard = UINT32_MAX,
                                                      .since = clock_wall()};
        }
        for (size_t i = 0, k = 0; i < l->options.function_count && k < count; i++) {
                const struct look_function *w = &l->options.functions[i];
                if (w->file)
                        continue;
                struct probed_function *p =
                        &n->hooks.functions.items[k++]; /* stays where it is from now on */
                p->number = functions_take_number(n, &n->hooks, p);
                int r = n->sensor ? sensor_set_tracepoint(n->sensor, w->provider, w->name, p->number, error)
                                  : error_set(error, -EOPNOTSUPP, "there are no events here");
                if (r < 0)
                        return r;
        }
        return 0;
}
