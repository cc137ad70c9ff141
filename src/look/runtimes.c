/* SPDX-License-Identifier: Apache-2.0 */

/* What a process ran at its start it will have run for ever, but a process that ends soon tells only while it
 * lives: so looks are dense at first, and once a minute later. Who has not run since its last look has
 * nothing new to tell, and costs nothing; all others share a budget. */

#include "look/errand.h"

#include "base/clock.h"
#include "evidence/engine.h"

#include <errno.h>

enum { MOST_ROUNDS = 8 }; /* looks in a row, where the bound of one look ends each */

/* ---- life ------------------------------------------------------------------------------------------- */

static void process_free(struct runtime_process *p)
{
        runtime_reply_done(&p->reply);
        vec_done(&p->asked);
        arena_done(&p->arena);
        free(p);
}

void runtimes_done(struct runtime_watch *r)
{
        size_t i = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);)
                process_free(value);
        map_done(&r->processes);
        runtime_packages_forget(r);
}

/* ---- whom to ask ------------------------------------------------------------------------------------ */

static uint32_t held_runtimes(const struct entry *e)
{
        uint32_t bits = 0;
        vec_each (slot, &e->files)
                if (*slot && (*slot)->examined)
                        bits |= (*slot)->reply.file.runtimes;
        return bits;
}

static struct runtime_process *intern(struct runtime_watch *r, const struct entry *e)
{
        struct runtime_process *p = map_get(&r->processes, &e->pid, sizeof(e->pid));
        if (p && p->start != e->process.start) {
                map_remove(&r->processes, &p->pid, sizeof(p->pid));
                process_free(p);
                p = NULL;
        }
        if (p)
                return p;
        p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        p->pid = e->pid;
        p->start = e->process.start;
        p->failure = "not looked into yet";
        if (map_put(&r->processes, &p->pid, sizeof(p->pid), p) < 0) {
                process_free(p);
                return NULL;
        }
        return p;
}

/* What has ended told all that it could; its last seconds are a gap of its workload. */
static void sweep(struct look *l)
{
        struct runtime_watch *r = &l->runtimes;
        size_t i = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                const struct entry *e = table_get(&l->table, p->pid);
                if (e && e->process.start == p->start && !e->ended)
                        continue;
                size_t k = 0;
                for (void *g; map_next(&l->groups.groups, &k, NULL, NULL, &g);)
                        if (((struct group *)g)->serial == p->group)
                                ((struct group *)g)->ended_runtimes++;
                map_remove(&r->processes, &p->pid, sizeof(p->pid));
                process_free(p);
        }
}

static int find_processes(struct look *l, enum entry_choice choice)
{
        const uint32_t bits = engine_runtimes();
        entry_list list;
        int r = table_list(&l->table, choice, &list);
        vec_each (e, &list) {
                if (r < 0 || !entry_named(*e) || (*e)->ended || !(held_runtimes(*e) & bits))
                        continue;
                if (!intern(&l->runtimes, *e))
                        r = -ENOMEM;
        }
        vec_done(&list);
        return r;
}

/* Looks are as far apart as a process is old, up to LOOK_EVERY_S: at 1, 2, 4 … s. */
static void schedule(struct runtime_process *p, uint64_t now)
{
        uint64_t age = now > p->start ? now - p->start : 0;
        p->due = now + MIN(MAX(age, NS_PER_S), LOOK_EVERY_S * NS_PER_S);
}

/* The processes with new answers, whose packages have questions that were not asked yet. */
static int ask_again(struct look *l, struct error *error)
{
        struct advisory_db *db = NULL;
        int r = 0;
        size_t i = 0;
        for (void *value; r == 0 && map_next(&l->runtimes.processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                size_t n = 0, symbols = 0;
                if (!p->fresh || p->failure)
                        continue;
                vec_each (look, &p->reply.looks)
                        vec_each (package, &look->packages) {
                                const char *key = p->keys[n++];
                                r = r < 0 ? r : runtime_package_learn(l, &package->package, key, &db, error);
                                const struct wanted_package *w = map_get_str(&l->runtimes.packages, key);
                                symbols += w ? w->symbols.count : 0;
                        }
                if (r == 0 && MIN(symbols, (size_t)MOST_SYMBOLS) != p->asked.count)
                        r = runtime_ask(l, p, 0, error);
        }
        advisory_close(db);
        return r;
}

/* What it told still is all that it ran, if it did not run since: then nothing is to be read. */
static void extend_quiet(struct runtime_watch *r, const struct quiet *q)
{
        size_t i = 0;
        for (void *value; q->taken && map_next(&r->processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                struct quiet_mark mark = quiet_mark_of(q, p->pid, p->start);
                if (p->more || p->again || !quiet_since(&p->mark, &mark))
                        continue;
                p->covered = p->covered ? MAX(p->covered, q->taken) : 0;
                p->due = MAX(p->due, q->taken + LOOK_EVERY_S * NS_PER_S);
        }
}

/* Who waits the longest is the first. */
static int compare_due(const void *a, const void *b)
{
        const struct runtime_process *x = *(struct runtime_process *const *)a;
        const struct runtime_process *y = *(struct runtime_process *const *)b;
        return x->due < y->due ? -1 : x->due > y->due;
}

typedef VEC(struct runtime_process *) waiting_list;

static void waiting_done(waiting_list *list)
{
        vec_done(list);
}

static int list_due(const struct runtime_watch *r, bool all, uint64_t now, waiting_list *ret)
{
        size_t i = 0;
        ret->count = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                if (!all && p->due > now)
                        continue;
                struct runtime_process **slot = vec_add(ret);
                if (!slot)
                        return -ENOMEM;
                *slot = p;
        }
        if (ret->count)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare_due);
        return 0;
}

static int ask_one(struct look *l, struct runtime_process *p, struct error *error)
{
        p->rounds = 0;
        p->mark = quiet_mark_of(&l->quiet, p->pid, p->start);
        schedule(p, clock_boottime());
        return runtime_ask(l, p, RUNTIME_AGAIN, error);
}

/* Whether the budget allows to look into one of them. */
static bool may_ask(const struct runtime_watch *r, const waiting_list *due, uint64_t now)
{
        vec_each (p, due)
                if (budget_allows(&r->budget, runtime_is_young(*p, now)))
                        return true;
        return false;
}

/* Asking the kernel who has run costs as much as a small look: where nobody may be looked into anyhow, it
 * only tells whose silence holds on. */
static bool is_long_ago(const struct quiet *q, const waiting_list *due, uint64_t now)
{
        return due->count && now - q->taken >= LOOK_EVERY_S / 2 * NS_PER_S;
}

/* Ask those that are due, as long as there is something to spend; 1: some were asked. */
static int ask_due(struct look *l, bool all, struct error *error)
{
        _cleanup_(waiting_done) waiting_list due = {};
        struct runtime_watch *r = &l->runtimes;
        uint64_t now = clock_boottime();
        int asked = 0;
        budget_refill(&r->budget, now);
        if (list_due(r, all, now, &due) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        if (due.count && l->options.watched &&
            (all || may_ask(r, &due, now) || is_long_ago(&l->quiet, &due, now))) {
                quiet_take(&l->quiet);
                extend_quiet(r, &l->quiet);
        }
        r->late = 0;
        vec_each (slot, &due) {
                struct runtime_process *p = *slot;
                struct quiet_mark mark = quiet_mark_of(&l->quiet, p->pid, p->start);
                if (!p->more && !p->again && quiet_since(&p->mark, &mark))
                        continue;
                if (!all && !budget_allows(&r->budget, runtime_is_young(p, now))) {
                        r->late++;
                        continue;
                }
                int failed = ask_one(l, p, error);
                /* One after the other: only then is it known what is left. */
                if (failed == 0 && !all)
                        failed = errands_wait(l, error);
                if (failed < 0)
                        return failed;
                asked = 1;
        }
        return asked;
}

static int ask_on(struct look *l, struct error *error)
{
        int asked = 0;
        size_t i = 0;
        for (void *value; map_next(&l->runtimes.processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                if (!p->more || ++p->rounds > MOST_ROUNDS)
                        continue;
                int r = runtime_ask(l, p, RUNTIME_AGAIN, error);
                if (r < 0)
                        return r;
                asked = 1;
        }
        return asked;
}

int runtimes_update(struct look *l, enum entry_choice choice, bool all, struct error *error)
{
        sweep(l);
        if (find_processes(l, choice) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        int asked = ask_due(l, all, error);
        while (asked > 0) {
                int r = errands_wait(l, error);
                if (r < 0)
                        return r;
                asked = ask_on(l, error);
        }
        int r = asked < 0 ? asked : ask_again(l, error);
        int waited = errands_wait(l, error);
        return r < 0 ? r : waited;
}

bool runtimes_news(const struct runtime_watch *r)
{
        size_t i = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);)
                if (((struct runtime_process *)value)->fresh)
                        return true;
        return false;
}

bool look_runtimes_due(const struct look *l)
{
        uint64_t now = clock_boottime();
        struct runtime_budget budget = l->runtimes.budget;
        budget_refill(&budget, now);
        size_t i = 0;
        for (void *value; map_next(&l->runtimes.processes, &i, NULL, NULL, &value);) {
                const struct runtime_process *p = value;
                if (p->due <= now && budget_allows(&budget, runtime_is_young(p, now)))
                        return true;
        }
        return false;
}
