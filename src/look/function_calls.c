/* SPDX-License-Identifier: Apache-2.0 */

/* Lazily bound slots remember the first call of a function for as long as the process lives, so that a
 * process is asked when it is first seen with a watched file. All its objects have to be read for that: one
 * question is put for all its watched files. Whether it can have any such slot stands in the files that it
 * maps: of those that map the same one is asked first, and the others only if it can. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

/* One that is asked for: where the answer goes, as long as no file was forgotten. */
struct asked_call {
        struct probed_file *file;
        struct probed_function *function;
};

struct calls_errand {
        struct look *look;
        const char *workload;
        int pid;
        int64_t started; /* wall s: its program */
        uint64_t epoch;  /* of the files */
        struct asked_call *asked;
        size_t count;
        struct native_query *queries; /* put off: until the first of those that map the same has answered */
        struct calls_errand *first;   /* … which is this one */
        uint64_t same;                /* hash of all that is mapped, and asked for */
        bool slotless;
};

enum {
        CALLS_MOST = 16, /* processes of a workload that are asked about a file in one look */
        MOST_FORKS = 64, /* that are followed back */
};

static void on_calls(void *context, int status, struct wire *reply)
{
        struct calls_errand *c = context;
        struct native_watch *n = &c->look->native;
        bool called[NATIVE_FUNCTIONS_MOST];
        if (status < 0 || c->epoch != n->epoch ||
            calls_reply_unpack(reply, called, c->count, &c->slotless) < 0)
                return;
        int64_t now = clock_wall();
        struct probed_hit hit = {.pid = c->pid, .first = now, .last = now, .slot_after = c->started};
        for (size_t i = 0; i < c->count; i++)
                if (called[i] && function_note_hit(c->asked[i].function, c->workload, &hit))
                        c->asked[i].file->news = c->asked[i].file->dirty = n->pending = true;
}

/* C++ and Rust are asked for by readable names, which slots do not bear, nor do they the versions that
 * functions are asked for in; and Go calls without slots. */
static bool may_have_slot(const struct probed_function *p, const char *workload)
{
        return !strpbrk(p->function, ":@") && !p->provider && !p->found.absent && p->found.site_count &&
               !function_ran(p, workload);
}

/* Whether another process of the workload is to be asked about this file now. */
static bool is_due(const struct native_watch *n, struct probed_file *f, const char *workload)
{
        vec_each (user, &f->users) {
                if (!str_equal(user->workload, workload))
                        continue;
                if (user->calls_round != n->round)
                        user->calls = 0;
                user->calls_round = n->round;
                return ++user->calls <= CALLS_MOST;
        }
        return false;
}

static size_t count_slots(const struct probed_file *f, const char *workload)
{
        size_t count = 0;
        vec_each (p, &f->functions)
                count += may_have_slot(p, workload);
        return MIN(count, (size_t)NATIVE_FUNCTIONS_MOST);
}

/* What is asked for of one file joins the question. */
static void add(struct calls_errand *c, struct native_query *queries, struct probed_file *f, const char *path)
{
        vec_each (p, &f->functions) {
                if (c->count == NATIVE_FUNCTIONS_MOST)
                        return;
                if (!may_have_slot(p, c->workload))
                        continue;
                queries[c->count] = (struct native_query){.container = path, .function = p->function};
                c->asked[c->count++] = (struct asked_call){.file = f, .function = p};
        }
}

/* A fork hands bound slots on, wherever the child goes then: they tell of its workload where all who may have
 * bound them are there. When the program began that it runs, wall s; 0: who that is cannot be told. */
static int64_t binding_since(const struct look *l, const struct entry *e)
{
        const struct process *p = &e->process;
        uint64_t start = p->start;
        for (int depth = 0; e->process.forked; depth++) {
                e = depth < MOST_FORKS ? table_get(&l->table, e->process.ppid) : NULL;
                if (!e || !entry_named(e) || !str_equal(e->process.workload_id, p->workload_id) ||
                    !str_equal(e->process.exe, p->exe))
                        return 0;
                start = MIN(start, e->process.start);
        }
        return clock_wall_of(start);
}

static struct calls_errand *errand_for(struct look *l, const struct entry *e, int64_t started)
{
        struct calls_errand *c = arena_alloc(&l->scratch, sizeof(*c));
        if (!c)
                return NULL;
        *c = (struct calls_errand){
                .look = l,
                .workload = e->process.workload_id,
                .pid = e->pid,
                .started = started,
                .epoch = l->native.epoch,
                .asked = arena_alloc(&l->scratch, NATIVE_FUNCTIONS_MOST * sizeof(*c->asked)),
        };
        return c->asked ? c : NULL;
}

static int submit(struct look *l, struct calls_errand *c, const struct native_query *queries)
{
        struct probe_job job = {
                .kind = PROBE_CALLS, .pid = c->pid, .queries = queries, .query_count = c->count};
        return prober_submit(l->prober, &job, on_calls, c);
}

static uint64_t hash_with(uint64_t before, const char *text)
{
        const uint64_t both[] = {before, map_hash(text, strlen(text))};
        return map_hash(both, sizeof(both));
}

static uint64_t hash_same(const struct entry *e, const struct native_query *queries, size_t count)
{
        uint64_t hash = 0;
        vec_each (m, &e->process.mappings) {
                const uint64_t all[] = {hash, m->inode, m->device, m->offset};
                hash = hash_with(map_hash(all, sizeof(all)), m->path);
        }
        for (size_t i = 0; i < count; i++) {
                if (!i || !str_equal(queries[i].container, queries[i - 1].container))
                        hash = hash_with(hash, queries[i].container);
                hash = hash_with(hash, queries[i].function);
        }
        return hash;
}

static int put_off(struct look *l, struct calls_errand *c, const struct native_query *queries)
{
        struct calls_errand **slot = vec_add(&l->native.calls_put_off);
        size_t size = c->count * sizeof(*queries);
        c->queries = arena_alloc(&l->scratch, size);
        if (!slot || !c->queries)
                return -ENOMEM;
        memcpy(c->queries, queries, size);
        *slot = c;
        return 0;
}

static int submit_or_put_off(struct look *l, const struct entry *e, struct calls_errand *c,
                             const struct native_query *queries)
{
        struct map *firsts = &l->native.calls_first;
        if (!c->count)
                return 0;
        c->same = hash_same(e, queries, c->count);
        c->first = map_get(firsts, &c->same, sizeof(c->same));
        if (c->first)
                return put_off(l, c, queries);
        int r = map_put(firsts, &c->same, sizeof(c->same), c);
        return r < 0 ? r : submit(l, c, queries);
}

/* One question for all files that were not asked for, or more where there is no room in it. */
static int ask(struct look *l, struct entry *e)
{
        struct native_watch *n = &l->native;
        const char *workload = e->process.workload_id;
        _cleanup_free_ struct native_query *queries = NULL;
        struct calls_errand *c = NULL;
        int r = 0;
        int64_t started = binding_since(l, e);
        for (size_t i = 0; started && r == 0 && i < e->files.count && i < e->process.mappings.count; i++) {
                const struct used_file *used = e->files.items[i];
                struct probed_file *f = used && used->probed_epoch == n->epoch ? used->probed : NULL;
                if (!f || !f->resolved || function_has_answered(&e->calls_read, f) || !is_due(n, f, workload))
                        continue;
                if (!queries)
                        queries = calloc(NATIVE_FUNCTIONS_MOST, sizeof(*queries));
                if (c && c->count + count_slots(f, workload) > NATIVE_FUNCTIONS_MOST) {
                        r = submit_or_put_off(l, e, c, queries); /* takes a copy of them */
                        c = NULL;
                }
                if (!c)
                        c = errand_for(l, e, started);
                if (!queries || !c || function_note_answer(&e->calls_read, f) < 0)
                        return -ENOMEM;
                add(c, queries, f, e->process.mappings.items[i].path);
        }
        return r == 0 && c ? submit_or_put_off(l, e, c, queries) : r;
}

void functions_forget_calls(struct native_watch *n)
{
        map_done(&n->calls_first);
        vec_done(&n->calls_put_off);
}

int functions_read_more_calls(struct look *l, struct error *error)
{
        int r = 0;
        vec_each (c, &l->native.calls_put_off)
                if (r == 0 && !(*c)->first->slotless && (*c)->epoch == l->native.epoch)
                        r = submit(l, *c, (*c)->queries);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}

int functions_read_calls(struct look *l, struct entry *e, struct error *error)
{
        int r = ask(l, e);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}
