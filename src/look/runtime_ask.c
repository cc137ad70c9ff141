/* SPDX-License-Identifier: Apache-2.0 */

/* One question about one process, and what becomes of the answer. */

#include "look/errand.h"

#include "base/clock.h"
#include "memory/remote.h"

#include <errno.h>
#include <string.h>

enum {
        REPLY_MEMORY = 32 << 20,
        FAILED_CPU_NS = 2000000, /* that a look which told nothing may have cost */
};

struct question {
        struct look *look;
        struct runtime_process *process;
        uint64_t asked; /* boottime ns */
        unsigned flags;
        bool young;
};

static const char *failure_text(int r)
{
        return r == -ETIME    ? "looking into it took too long"
               : r == -EPIPE  ? "the worker ended while it looked into it"
               : r == -EPERM  ? remote_refusal()
               : r == -EACCES ? remote_refusal()
               : r == -ENOENT ? "it holds no interpreter that is known"
               : r == -EFBIG  ? "what is told of it is more than one answer holds"
               : r == -ENOMEM ? "what is told of it takes more memory than one process may"
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
                        const uint64_t counts[] = {digest,           map_hash(p->keys[n], strlen(p->keys[n])),
                                                   package->modules, package->executed,
                                                   package->silent,  package->shared != NULL};
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

bool runtime_is_young(const struct runtime_process *p, uint64_t now)
{
        return !p->looked || now < p->start + LOOK_EVERY_S * NS_PER_S;
}

static void take_answer(struct question *q, int status, struct wire *wire)
{
        struct runtime_process *p = q->process;
        int r = status ? status : take_reply(p, wire);
        p->more = p->again = false;
        if (r == 0 && !p->reply.looks.count)
                r = -ENOENT;
        if (r < 0) {
                p->again = r == -ETIME || r == -EPIPE || r == -ENOMEM;
                p->fresh |= !p->failure;
                p->failure = failure_text(r);
                return;
        }
        p->failure = NULL;
        if (q->flags & RUNTIME_AGAIN) {
                p->looked = clock_boottime();
                p->covered = q->asked;
        }
        uint64_t digest = digest_of(p);
        p->fresh |= digest != p->digest;
        p->digest = digest;
        vec_each (look, &p->reply.looks)
                p->more |= look->more;
}

static void runtime_done_reply(void *context, int status, struct wire *wire)
{
        struct question *q = context;
        uint64_t before = clock_cpu(), cost = 0;
        take_answer(q, status, wire);
        /* What a failed look cost is not told. */
        if (q->process->failure)
                cost = q->flags & RUNTIME_AGAIN ? FAILED_CPU_NS : 0;
        else
                vec_each (look, &q->process->reply.looks)
                        cost += look->cpu_ns;
        budget_charge(&q->look->runtimes.budget, q->young, cost + clock_cpu() - before);
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

int runtime_ask(struct look *l, struct runtime_process *p, unsigned flags, struct error *error)
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
        uint64_t now = clock_boottime();
        *q = (struct question){l, p, now, flags, runtime_is_young(p, now)};
        struct probe_job job = root_job(l, root, p->pid);
        job.kind = PROBE_RUNTIMES;
        job.start = p->start;
        job.flags = flags;
        job.queries = queries;
        job.query_count = count;
        int r = prober_submit(l->prober, &job, runtime_done_reply, q);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}
