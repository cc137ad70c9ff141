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
        int64_t started; /* wall s */
        const char *function[NATIVE_FUNCTIONS_MOST];
        size_t count;
};

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
                        if (called[i] && str_equal(p->function, c->function[i]) &&
                            function_note_hit(p, c->workload, &hit))
                                c->file->dirty = c->look->native.pending = true;
}

/* C++ and Rust are asked for by readable names, which slots do not bear, and Go calls without slots. */
static bool may_have_slot(const struct probed_function *p, const char *workload)
{
        return !strchr(p->function, ':') && !p->provider && !p->found.absent && p->found.site_count &&
               !function_ran(p, workload);
}

int functions_read_calls(struct look *l, struct probed_file *f, const struct entry *e,
                         const struct mapping *m, struct error *error)
{
        struct native_query *queries = arena_alloc(&l->scratch, f->functions.count * sizeof(*queries));
        struct calls_errand *c = arena_alloc(&l->scratch, sizeof(*c));
        if (!queries || !c)
                return error_set(error, -ENOMEM, "out of memory");
        *c = (struct calls_errand){.look = l,
                                   .file = f,
                                   .workload = e->process.workload_id,
                                   .pid = e->pid,
                                   .started = clock_wall_of(e->process.start)};
        vec_each (p, &f->functions)
                if (may_have_slot(p, c->workload)) {
                        queries[c->count] = (struct native_query){.container = "", .function = p->function};
                        c->function[c->count++] = p->function;
                }
        struct probe_job job = {.kind = PROBE_CALLS,
                                .pid = e->pid,
                                .start = m->start,
                                .path = m->path,
                                .queries = queries,
                                .query_count = c->count};
        int r = c->count ? prober_submit(l->prober, &job, on_calls, c) : 0;
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}
