/* SPDX-License-Identifier: Apache-2.0 */

/* The worker looks into one process after the other, in as many rounds as each needs. */

#include "look/function_list.h"
#include "look/function_listing.h"

#include "base/str.h"
#include "memory/remote.h"

#include <errno.h>
#include <stdio.h>

enum { MOST_ROUNDS = 64 }; /* looks at one process, until it was looked at in whole */

static int lose(struct listing *l, int pid, const char *what, int r)
{
        const char **slot = vec_add(&l->losses);
        *(slot ? slot : &what) =
                arena_printf(l->a, "pid %d: %s: %s", pid, what,
                             r == -ETIME     ? "it took too long"
                             : r == -ENOTSUP ? "it is not read, what ran there is unknown"
                             : r == -EFBIG   ? "it has more memory than so many looks go through"
                             : r == -EPERM || r == -EACCES ? remote_refusal()
                                                           : strerror(-r));
        return slot && *slot ? 0 : -ENOMEM;
}

/* ---- processes --------------------------------------------------------------------------------------- */

static void process_reply(void *context, int status, struct wire *reply)
{
        struct listing *l = context;
        struct process p = {};
        l->status = status ? status : process_unpack(reply, l->a, &p);
        struct process *slot = l->status == 0 ? vec_add(&l->processes) : NULL;
        if (slot)
                *slot = p;
        else
                process_done(&p);
}

static int ask_process(struct listing *l, int pid, unsigned flags)
{
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = pid, .flags = flags};
        int r = prober_submit(l->prober, &job, process_reply, l);
        return r < 0 ? r : prober_run(l->prober);
}

static int find_processes(struct listing *l)
{
        pid_list pids = {};
        int r = process_list(&pids);
        for (size_t i = 0; r == 0 && i < pids.count; i++) {
                size_t before = l->processes.count;
                r = ask_process(l, pids.items[i], 0);
                if (r < 0 || l->processes.count == before)
                        continue;
                struct process p = l->processes.items[--l->processes.count];
                bool wanted = str_equal(p.workload_id, l->query->workload);
                process_done(&p);
                if (wanted)
                        r = ask_process(l, pids.items[i], PROCESS_READ_MAPPINGS);
        }
        vec_done(&pids);
        return r;
}

static void runtime_done(void *context, int status, struct wire *reply)
{
        struct listing *l = context;
        struct runtime_reply record = {};
        l->status = status ? status : runtime_reply_unpack(reply, l->a, &record);
        l->more = false;
        vec_each (look, &record.looks)
                l->more |= look->more;
        vec_each (look, &record.looks)
                if (l->status == 0 && !l->more)
                        l->status = listing_take_look(l, look);
        runtime_reply_done(&record);
}

static int ask_runtimes(struct listing *l, const struct process *p)
{
        struct probe_job job = {
                .kind = PROBE_RUNTIMES,
                .pid = p->pid,
                .start = p->start,
                .root_id = p->root.id,
                .python_paths = p->python_paths.items,
                .python_path_count = p->python_paths.count,
                .flags = RUNTIME_AGAIN | RUNTIME_ALL,
        };
        l->asked = p;
        l->more = true;
        int r = 0;
        for (unsigned round = 0; r == 0 && l->more && round < MOST_ROUNDS; round++) {
                r = prober_submit(l->prober, &job, runtime_done, l);
                if (r == 0)
                        r = prober_run(l->prober);
                if (r == 0 && l->status < 0)
                        return l->status;
        }
        return r == 0 && l->more ? -EFBIG : r;
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static int compare_functions(const void *a, const void *b)
{
        const struct function_record *x = a, *y = b;
        const char *px = x->package ? x->package->name : "", *py = y->package ? y->package->name : "";
        int d = (x->package == NULL) - (y->package == NULL);
        d = d ? d : strcmp(px, py);
        d = d ? d : strcmp(x->container ? x->container : "", y->container ? y->container : "");
        d = d ? d : (x->line > y->line) - (x->line < y->line);
        return d ? d : strcmp(x->name, y->name);
}

static int compare_packages(const void *a, const void *b)
{
        const struct function_package *x = *(struct function_package *const *)a;
        const struct function_package *y = *(struct function_package *const *)b;
        int d = strcmp(x->package.name, y->package.name);
        return d ? d
                 : strcmp(x->package.version ? x->package.version : "",
                          y->package.version ? y->package.version : "");
}

static void listing_done(struct listing *l)
{
        vec_each (p, &l->processes)
                process_done(p);
        vec_done(&l->processes);
        vec_done(&l->engines);
        vec_done(&l->packages);
        vec_done(&l->functions);
        vec_done(&l->losses);
        map_done(&l->by_package);
        map_done(&l->by_function);
        prober_free(l->prober);
}

/* A copy in the arena. */
static void *keep(struct arena *a, const void *items, size_t size)
{
        void *copy = arena_alloc(a, MAX(size, (size_t)1));
        if (copy && size)
                memcpy(copy, items, size);
        return copy;
}

#define KEEP(l, v) keep((l)->a, (v)->items, (v)->count * sizeof(*(v)->items))

static int hand_over(struct listing *l, struct function_list *ret)
{
        struct function_list list = {
                .pid = l->query->pid,
                .workload = l->query->workload,
                .engines = KEEP(l, &l->engines),
                .engine_count = l->engines.count,
                .packages = KEEP(l, &l->packages),
                .package_count = l->packages.count,
                .functions = KEEP(l, &l->functions),
                .function_count = l->query->all ? l->functions.count : 0,
                .losses = KEEP(l, &l->losses),
                .loss_count = l->losses.count,
        };
        if (!list.engines || !list.packages || !list.functions || !list.losses)
                return -ENOMEM;
        *ret = list;
        return 0;
}

/* It has the libraries and packages of a CPython, but nothing of its structures. */
static bool is_pypy(const struct process *p)
{
        const char *slash = p->exe ? strrchr(p->exe, '/') : NULL;
        return slash && str_starts(slash + 1, "pypy");
}

/* A list of nothing would say that nothing ran: of a process that ended there is none. */
static int take_all(struct listing *l, struct function_list *ret)
{
        int r = 0;
        vec_each (p, &l->processes) {
                if (r < 0)
                        break;
                size_t engines = l->engines.count;
                r = ask_runtimes(l, p);
                if (r == 0 && l->engines.count == engines && is_pypy(p))
                        r = lose(l, p->pid, "it runs PyPy", -ENOTSUP);
                if (r == -ESRCH && l->query->pid)
                        return r;
                if (r < 0 && r != -ENOMEM)
                        r = lose(l, p->pid, "could not be looked at", r);
        }
        if (r < 0)
                return r;
        listing_count(l);
        if (l->functions.count)
                qsort(l->functions.items, l->functions.count, sizeof(*l->functions.items), compare_functions);
        if (l->packages.count)
                qsort(l->packages.items, l->packages.count, sizeof(*l->packages.items), compare_packages);
        return hand_over(l, ret);
}

int function_list_read(const struct function_query *query, struct arena *a, struct function_list *ret,
                       struct error *error)
{
        _cleanup_(listing_done) struct listing l = {.query = query, .a = a};
        int r = prober_new(&(struct prober_options){}, &l.prober, error);
        if (r < 0)
                return r;
        r = query->pid ? ask_process(&l, query->pid, PROCESS_READ_MAPPINGS) : find_processes(&l);
        if (r < 0)
                return error_set(error, r, "the worker failed: %s", strerror(-r));
        if (!l.processes.count && query->pid)
                return error_set(error, l.status ? l.status : -ESRCH, "cannot look at process %d: %s",
                                 query->pid, strerror(l.status ? -l.status : ESRCH));
        if (!l.processes.count)
                return error_set(error, -ESRCH, "no process runs in workload '%s'", query->workload);
        r = listing_take_history(&l, error);
        if (r < 0)
                return r;
        r = take_all(&l, ret);
        if (r == -ESRCH)
                return error_set(error, r, "process %d ended before it could be read", query->pid);
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}
