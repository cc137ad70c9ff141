/* SPDX-License-Identifier: Apache-2.0 */

/* What a process ran at its start it will have run for ever, but a process that ends soon tells only while it
 * lives: so looks are dense at first, and once a minute later. Questions follow answers: only when a package
 * is known to be loaded is it known which functions its advisories name. */

#include "look/state.h"

#include "base/clock.h"
#include "evidence/engine.h"
#include "look/package_query.h"

#include <errno.h>
#include <stdio.h>

enum {
        SLOWEST_S = 60,  /* between two looks at a process */
        MOST_ROUNDS = 8, /* looks in a row, where the budget ends each */
        REPLY_MEMORY = 32 << 20,
        PACKAGE_MEMORY = 64 << 20,
        MOST_SYMBOLS = 512, /* asked for in one process */
};

#define TICK_CPU_NS 100000000ull /* what all looks of one tick may take; full looks take what they need */

/* ---- life ------------------------------------------------------------------------------------------- */

static void process_free(struct runtime_process *p)
{
        runtime_reply_done(&p->reply);
        vec_done(&p->asked);
        arena_done(&p->arena);
        free(p);
}

static void forget_packages(struct runtime_watch *r)
{
        size_t i = 0;
        for (void *value; map_next(&r->packages, &i, NULL, NULL, &value);) {
                struct wanted_package *p = value;
                vec_done(&p->symbols);
                arena_done(&p->arena);
                free(p);
        }
        map_done(&r->packages);
        i = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);)
                ((struct runtime_process *)value)->asked.count = 0;
}

void runtimes_done(struct runtime_watch *r)
{
        size_t i = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);)
                process_free(value);
        map_done(&r->processes);
        forget_packages(r);
}

/* ---- advisories ------------------------------------------------------------------------------------- */

static int want_symbol(struct wanted_package *p, const struct symbol *s)
{
        bool root = str_equal(s->kind, "root") || str_equal(s->kind, "unspecified");
        vec_each (known, &p->symbols)
                if (str_equal(known->container, s->container) && str_equal(known->function, s->function)) {
                        known->root |= root;
                        return 0;
                }
        struct wanted_symbol w = {
                .container = arena_strdup(&p->arena, s->container),
                .function = arena_strdup(&p->arena, s->function),
                .subject = arena_printf(&p->arena, "%s.%s", s->container, s->function),
                .root = root,
        };
        struct wanted_symbol *slot = w.container && w.function && w.subject ? vec_add(&p->symbols) : NULL;
        if (!slot)
                return -ENOMEM;
        *slot = w;
        return 0;
}

static int want_symbols(struct advisory_db *db, const struct package *package, struct wanted_package *p,
                        struct error *error)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(PACKAGE_MEMORY);
        struct match match = {};
        struct match_query query = package_query(package);
        if (package->not_evaluated || !query.version)
                return 0;
        int r = advisory_match(db, &query, &scratch, &match, error);
        if (r < 0 || match.outcome != MATCH_EVALUATED)
                return r;
        for (size_t i = 0; i < match.bug_count; i++)
                for (size_t k = 0; k < match.bugs[i].symbol_count; k++) {
                        const struct symbol *s = &match.bugs[i].symbols[k];
                        if (s->container && s->function && want_symbol(p, s) < 0)
                                return error_set(error, -ENOMEM, "out of memory");
                }
        return 0;
}

/* The database is open only while a new package is matched: that is rare. */
static int learn_package(struct look *l, const struct package *package, const char *key,
                         struct advisory_db **db, struct error *error)
{
        struct runtime_watch *r = &l->runtimes;
        if (map_get_str(&r->packages, key))
                return 0;
        int failed = *db ? 0 : advisory_open(l->options.state, ADVISORY_READ, db, error);
        if (failed < 0)
                return failed;
        struct wanted_package *p = calloc(1, sizeof(*p));
        if (!p)
                return error_set(error, -ENOMEM, "out of memory");
        p->arena = ARENA_INIT(1 << 20);
        p->runtimes = package->runtimes;
        p->key = arena_strdup(&p->arena, key);
        failed = p->key ? want_symbols(*db, package, p, error) : error_set(error, -ENOMEM, "out of memory");
        if (failed == 0 && map_put_str(&r->packages, p->key, p) < 0)
                failed = error_set(error, -ENOMEM, "out of memory");
        if (failed < 0) {
                vec_done(&p->symbols);
                arena_done(&p->arena);
                free(p);
        }
        return failed;
}

static void renew_advisories(struct look *l)
{
        uint64_t stamp = advisory_stamp(l->options.state);
        if (stamp != l->runtimes.db_stamp)
                forget_packages(&l->runtimes);
        l->runtimes.db_stamp = stamp;
}

/* ---- asking ----------------------------------------------------------------------------------------- */

struct question {
        struct look *look;
        struct runtime_process *process;
};

static const char *failure_text(int r)
{
        return r == -ETIME    ? "looking into it took too long"
               : r == -EPIPE  ? "the worker ended while it looked into it"
               : r == -EPERM  ? "its memory may not be read"
               : r == -EACCES ? "its memory may not be read"
               : r == -ENOENT ? "it holds no interpreter that is known"
                              : strerror(-r);
}

static int take_reply(struct runtime_process *p, struct wire *wire)
{
        struct arena arena = ARENA_INIT(REPLY_MEMORY);
        struct runtime_reply reply;
        int r = runtime_reply_unpack(wire, &arena, &reply);
        size_t packages = 0, n = 0;
        if (r == 0) {
                vec_each (look, &reply.looks)
                        packages += look->packages.count;
                const char **keys = arena_alloc(&arena, MAX(packages, (size_t)1) * sizeof(*keys));
                vec_each (look, &reply.looks)
                        vec_each (package, &look->packages)
                                if (keys && !(keys[n++] = package_key(&package->package, &arena)))
                                        keys = NULL;
                if (!keys) {
                        runtime_reply_done(&reply);
                        r = -ENOMEM;
                } else {
                        runtime_reply_done(&p->reply);
                        arena_done(&p->arena);
                        p->arena = arena;
                        p->reply = reply;
                        p->keys = keys;
                        return 0;
                }
        }
        arena_done(&arena);
        return r;
}

/* Changes whenever a package is new, or something more of it is known to be loaded or to have run. */
static uint64_t digest_of(const struct runtime_process *p)
{
        uint64_t digest = p->failure != NULL, n = 0;
        vec_each (look, &p->reply.looks) {
                vec_each (package, &look->packages) {
                        const uint64_t counts[] = {digest, map_hash(p->keys[n], strlen(p->keys[n])),
                                                   package->modules, package->executed, package->silent};
                        digest = map_hash(counts, sizeof(counts));
                        n++;
                }
                vec_each (f, &look->functions) {
                        const uint64_t answers[] = {digest, f->package, f->query, f->line, f->answer};
                        digest = map_hash(answers, sizeof(answers));
                }
        }
        return digest;
}

static void runtime_done_reply(void *context, int status, struct wire *wire)
{
        struct question *q = context;
        struct runtime_process *p = q->process;
        int r = status ? status : take_reply(p, wire);
        p->more = false;
        if (r == 0 && !p->reply.looks.count)
                r = -ENOENT;
        if (r < 0) {
                p->fresh |= !p->failure;
                p->failure = failure_text(r);
                return;
        }
        p->failure = NULL;
        p->looked = clock_boottime();
        uint64_t digest = digest_of(p);
        p->fresh |= digest != p->digest;
        p->digest = digest;
        vec_each (look, &p->reply.looks)
                p->more |= look->more;
}

static int add_queries(struct look *l, struct runtime_process *p, struct native_query *to, size_t *count)
{
        size_t n = 0;
        *count = 0;
        p->asked.count = 0;
        vec_each (look, &p->reply.looks)
                vec_each (package, &look->packages) {
                        const struct wanted_package *w = map_get_str(&l->runtimes.packages, p->keys[n++]);
                        for (size_t i = 0; w && i < w->symbols.count && *count < MOST_SYMBOLS; i++) {
                                const struct wanted_symbol *s = &w->symbols.items[i];
                                uint64_t *slot = vec_add(&p->asked);
                                if (!slot)
                                        return -ENOMEM;
                                *slot = (uint64_t)(uintptr_t)s;
                                to[(*count)++] = (struct native_query){s->container, s->function};
                        }
                }
        return 0;
}

static int ask(struct look *l, struct runtime_process *p, unsigned flags, struct error *error)
{
        const struct entry *e = table_get(&l->table, p->pid);
        struct known_root *root = e ? map_get_str(&l->roots.roots, e->process.root.id) : NULL;
        struct question *q = arena_alloc(&l->scratch, sizeof(*q));
        struct native_query *queries = arena_alloc(&l->scratch, MOST_SYMBOLS * sizeof(*queries));
        size_t count;
        if (!q || !queries || add_queries(l, p, queries, &count) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        if (!e || !root) {
                p->failure = "its root is not known";
                return 0;
        }
        *q = (struct question){l, p};
        struct probe_job job = root_job(l, root, p->pid);
        job.kind = PROBE_RUNTIMES;
        job.start = p->start;
        job.flags = flags;
        job.queries = queries;
        job.query_count = count;
        int r = prober_submit(l->prober, &job, runtime_done_reply, q);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}

/* ---- whom to ask ------------------------------------------------------------------------------------ */

static uint32_t engine_bits(void)
{
        uint32_t bits = 0;
        for (size_t i = 0; engines[i]; i++)
                bits |= engines[i]->runtime;
        return bits;
}

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

static int find_processes(struct look *l)
{
        const uint32_t bits = engine_bits();
        entry_list list;
        int r = table_list(&l->table, &list);
        vec_each (e, &list) {
                if (r < 0 || !entry_named(*e) || (*e)->ended || !(held_runtimes(*e) & bits))
                        continue;
                if (!intern(&l->runtimes, *e))
                        r = -ENOMEM;
        }
        vec_done(&list);
        return r;
}

static void schedule(struct runtime_process *p)
{
        uint64_t step = p->looks < 6 ? 1ull << p->looks : SLOWEST_S;
        p->looks++;
        /* Spread those that were found together. */
        uint64_t spread = (uint64_t)(p->pid % 16) * (step * NS_PER_S / 64);
        p->due = clock_boottime() + MIN(step, (uint64_t)SLOWEST_S) * NS_PER_S + spread;
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
                                r = r < 0 ? r : learn_package(l, &package->package, key, &db, error);
                                const struct wanted_package *w = map_get_str(&l->runtimes.packages, key);
                                symbols += w ? w->symbols.count : 0;
                        }
                if (r == 0 && MIN(symbols, (size_t)MOST_SYMBOLS) != p->asked.count)
                        r = ask(l, p, 0, error);
        }
        advisory_close(db);
        return r;
}

/* Ask those that are due, within the budget of a tick; 1: some were asked. */
static int ask_due(struct look *l, bool all, struct error *error)
{
        uint64_t now = clock_boottime(), cpu = 0;
        int asked = 0;
        size_t i = 0;
        for (void *value; map_next(&l->runtimes.processes, &i, NULL, NULL, &value);) {
                struct runtime_process *p = value;
                if (!all && (p->due > now || cpu > TICK_CPU_NS))
                        continue;
                vec_each (look, &p->reply.looks)
                        cpu += look->cpu_ns;
                cpu += p->looked ? 0 : TICK_CPU_NS / 4;
                p->rounds = 0;
                schedule(p);
                int r = ask(l, p, RUNTIME_AGAIN, error);
                if (r < 0)
                        return r;
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
                int r = ask(l, p, RUNTIME_AGAIN, error);
                if (r < 0)
                        return r;
                asked = 1;
        }
        return asked;
}

int runtimes_update(struct look *l, bool all, struct error *error)
{
        sweep(l);
        if (all)
                renew_advisories(l);
        if (find_processes(l) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        int asked = ask_due(l, all, error);
        while (asked > 0) {
                int r = look_wait(l, error);
                if (r < 0)
                        return r;
                asked = ask_on(l, error);
        }
        int r = asked < 0 ? asked : ask_again(l, error);
        int waited = look_wait(l, error);
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
        size_t i = 0;
        for (void *value; map_next(&l->runtimes.processes, &i, NULL, NULL, &value);)
                if (((struct runtime_process *)value)->due <= now)
                        return true;
        return false;
}
