/* SPDX-License-Identifier: Apache-2.0 */

/* Lazily bound slots remember the first call of a function for as long as the process lives, so that a
 * process is asked when it is first seen with a watched file. All its objects have to be read for that: one
 * question is put for all its watched files. */

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
        int64_t started; /* wall s */
        uint64_t epoch;  /* of the files */
        struct asked_call *asked;
        size_t count;
};

enum { CALLS_MOST = 16 /* processes of a workload that are asked in one look */ };

static void on_calls(void *context, int status, struct wire *reply)
{
        struct calls_errand *c = context;
        struct native_watch *n = &c->look->native;
        bool called[NATIVE_FUNCTIONS_MOST];
        if (status < 0 || c->epoch != n->epoch || calls_reply_unpack(reply, called, c->count) < 0)
                return;
        int64_t now = clock_wall();
        struct probed_hit hit = {.pid = c->pid, .first = now, .last = now, .slot_after = c->started};
        for (size_t i = 0; i < c->count; i++)
                if (called[i] && function_note_hit(c->asked[i].function, c->workload, &hit))
                        c->asked[i].file->news = c->asked[i].file->dirty = n->pending = true;
}

/* C++ and Rust are asked for by readable names, which slots do not bear, and Go calls without slots. */
static bool may_have_slot(const struct probed_function *p, const char *workload)
{
        return !strchr(p->function, ':') && !p->provider && !p->found.absent && p->found.site_count &&
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

static int submit(struct look *l, struct calls_errand *c, const struct native_query *queries)
{
        struct probe_job job = {
                .kind = PROBE_CALLS, .pid = c->pid, .queries = queries, .query_count = c->count};
        return c->count ? prober_submit(l->prober, &job, on_calls, c) : 0;
}

/* What is asked for of one file joins the question, as far as there is room. */
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

static int ask(struct look *l, struct entry *e, size_t *ret_watched)
{
        struct native_watch *n = &l->native;
        size_t watched = 0;
        _cleanup_free_ struct native_query *queries = NULL;
        struct calls_errand *c = NULL;
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                const struct used_file *used = e->files.items[i];
                struct probed_file *f = used && used->probed_epoch == n->epoch ? used->probed : NULL;
                if (!f || !f->resolved || ++watched <= e->calls_read || !is_due(n, f, e->process.workload_id))
                        continue;
                if (!c) {
                        c = arena_alloc(&l->scratch, sizeof(*c));
                        queries = calloc(NATIVE_FUNCTIONS_MOST, sizeof(*queries));
                        if (!c || !queries)
                                return -ENOMEM;
                        *c = (struct calls_errand){
                                .look = l,
                                .workload = e->process.workload_id,
                                .pid = e->pid,
                                .started = clock_wall_of(e->process.start),
                                .epoch = n->epoch,
                                .asked = arena_alloc(&l->scratch, NATIVE_FUNCTIONS_MOST * sizeof(*c->asked)),
                        };
                        if (!c->asked)
                                return -ENOMEM;
                }
                add(c, queries, f, e->process.mappings.items[i].path);
        }
        *ret_watched = watched;
        return c ? submit(l, c, queries) : 0;
}

int functions_read_calls(struct look *l, struct entry *e, struct error *error)
{
        size_t watched = 0;
        int r = ask(l, e, &watched);
        if (r < 0)
                return error_set(error, r, "cannot ask the worker: %s", strerror(-r));
        e->calls_read = MAX(e->calls_read, watched);
        return 0;
}
