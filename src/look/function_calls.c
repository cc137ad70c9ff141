/* SPDX-License-Identifier: Apache-2.0 */

/* Lazily bound slots remember the first call of a function for as long as the process lives, so that a
 * process is asked when it is first seen with the file, before anything is armed. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

struct calls_errand {
        struct look *look;
        struct probed_file *file;
        const char *workload;
        int pid;
        int64_t started;        /* wall s */
        const char **functions; /* asked for */
        size_t count;
};

enum { CALLS_MOST = 16 /* processes of a workload that are asked in one look */ };

static void on_calls(void *context, int status, struct wire *reply)
{
        struct calls_errand *c = context;
        bool called[NATIVE_FUNCTIONS_MOST];
        if (status < 0 || calls_reply_unpack(reply, called, c->count) < 0)
                return;
        int64_t now = clock_wall();
        struct probed_hit hit = {.pid = c->pid, .first = now, .last = now, .slot_after = c->started};
        vec_each (p, &c->file->functions)
                for (size_t i = 0; i < c->count; i++)
                        if (called[i] && str_equal(p->function, c->functions[i]) &&
                            function_note_hit(p, c->workload, &hit))
                                c->file->news = c->file->dirty = c->look->native.pending = true;
}

/* C++ and Rust are asked for by readable names, which slots do not bear, and Go calls without slots. */
static bool may_have_slot(const struct probed_function *p, const char *workload)
{
        return !strchr(p->function, ':') && !p->provider && !p->found.absent && p->found.site_count &&
               !function_ran(p, workload);
}

/* Whether another process of the workload is to be asked now. */
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

static int ask(struct look *l, struct probed_file *f, const struct entry *e, const struct mapping *m,
               struct native_query *queries)
{
        struct calls_errand *c = arena_alloc(&l->scratch, sizeof(*c));
        const char **functions = arena_alloc(&l->scratch, f->functions.count * sizeof(*functions));
        if (!c || !functions)
                return -ENOMEM;
        *c = (struct calls_errand){.look = l,
                                   .file = f,
                                   .workload = e->process.workload_id,
                                   .pid = e->pid,
                                   .started = clock_wall_of(e->process.start),
                                   .functions = functions};
        vec_each (p, &f->functions)
                if (may_have_slot(p, c->workload)) {
                        queries[c->count] = (struct native_query){.container = "", .function = p->function};
                        functions[c->count++] = p->function;
                }
        struct probe_job job = {.kind = PROBE_CALLS,
                                .pid = e->pid,
                                .start = m->start,
                                .path = m->path,
                                .queries = queries,
                                .query_count = c->count};
        return c->count ? prober_submit(l->prober, &job, on_calls, c) : 0;
}

int functions_read_calls(struct look *l, struct probed_file *f, const struct entry *e,
                         const struct mapping *m, struct error *error)
{
        if (!is_due(&l->native, f, e->process.workload_id))
                return 0;
        _cleanup_free_ struct native_query *queries =
                calloc(MAX(f->functions.count, (size_t)1), sizeof(*queries));
        int r = queries ? ask(l, f, e, m, queries) : -ENOMEM;
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}
