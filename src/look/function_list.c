/* SPDX-License-Identifier: Apache-2.0 */

/* Several processes of a workload run the same code: what one of them has run the workload has run, and what
 * none has run is silent only where none of them is unknown. */

#include "look/function_list.h"

#include "base/clock.h"
#include "base/map.h"
#include "host/process.h"
#include "look/function_history.h"
#include "memory/remote.h"
#include "prober/prober.h"
#include "prober/runtime_reply.h"

#include <errno.h>
#include <stdio.h>

enum { MOST_ROUNDS = 64 }; /* looks at one process, until it was looked at in whole */

struct listing {
        const struct function_query *query;
        struct prober *prober;
        struct arena *a;
        VEC(struct process) processes;
        VEC(struct function_engine) engines;
        VEC(struct function_package *) packages; /* in the arena */
        VEC(struct function_record) functions;
        VEC(const char *) losses;
        struct map by_package;  /* key → struct function_package */
        struct map by_function; /* key → index, plus 1 */
        const struct process *asked;
        bool more;
        int status;
};

static int lose(struct listing *l, int pid, const char *what, int r)
{
        const char **slot = vec_add(&l->losses);
        *(slot ? slot : &what) = arena_printf(l->a, "pid %d: %s: %s", pid, what,
                                              r == -ETIME                   ? "it took too long"
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

/* ---- what the engines tell ----------------------------------------------------------------------------- */

static bool is_wanted(const struct listing *l, const struct package *p)
{
        return !l->query->package || (p && str_equal(p->name, l->query->package));
}

static char *engine_key(struct listing *l, const struct runtime_look *look, const struct package *p)
{
        const char *package = package_key(p, l->a);
        return package ? arena_printf(l->a, "%s\n%s", look->engine, package) : NULL;
}

static int take_package(struct listing *l, const struct runtime_look *look, const struct runtime_package *p)
{
        if (!is_wanted(l, &p->package) || (p->shared && !p->modules && !p->known))
                return 0;
        const char *key = engine_key(l, look, &p->package);
        struct function_package *known = key ? map_get_str(&l->by_package, key) : NULL;
        if (known) {
                known->modules = MAX(known->modules, p->modules);
                return 0;
        }
        struct function_package *to = key ? arena_alloc(l->a, sizeof(*to)) : NULL;
        struct function_package **slot = to ? vec_add(&l->packages) : NULL;
        if (!slot)
                return -ENOMEM;
        *to = (struct function_package){.package = p->package, .engine = look->engine, .modules = p->modules};
        *slot = to;
        return map_put_str(&l->by_package, key, to);
}

static void merge(struct function_record *to, const struct runtime_function *f, int64_t started)
{
        bool stronger = f->answer == ANSWER_YES || (f->answer == ANSWER_UNKNOWN && to->answer != ANSWER_YES);
        if (f->answer == ANSWER_YES && to->answer == ANSWER_YES)
                stronger = false;
        if (stronger) {
                to->answer = f->answer;
                to->reason = f->reason;
        }
        int64_t now = clock_wall();
        to->until = to->answer != ANSWER_NOT_OBSERVED ? 0 : to->until ? MIN(to->until, now) : now;
        to->after = MIN(to->after, started);
        if (f->answer == ANSWER_YES) {
                to->first = to->first ? MIN(to->first, clock_wall_of(f->first)) : clock_wall_of(f->first);
                to->last = now;
        }
}

/* A part of the function or body around it is no function of its own. */
static bool is_part(const char *name)
{
        const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
        return last[0] == '<' && strcmp(last, "<lambda>") != 0;
}

static int take_function(struct listing *l, const struct runtime_look *look, const struct runtime_function *f,
                         int64_t started)
{
        const struct package *package = f->package ? &look->packages.items[f->package - 1].package : NULL;
        if (!is_wanted(l, package))
                return 0;
        const char *owner = package ? engine_key(l, look, package) : look->engine;
        const char *key =
                owner ? arena_printf(l->a, "%s\n%s\n%s\n%s\n%llu", owner, f->module ? f->module : "", f->name,
                                     f->file ? f->file : "", (unsigned long long)f->line)
                      : NULL;
        if (!key)
                return -ENOMEM;
        uintptr_t known = (uintptr_t)map_get_str(&l->by_function, key);
        if (known) {
                merge(&l->functions.items[known - 1], f, started);
                return 0;
        }
        const struct function_package *kept = package ? map_get_str(&l->by_package, owner) : NULL;
        struct function_record *to = vec_add(&l->functions);
        if (!to)
                return -ENOMEM;
        *to = (struct function_record){
                .engine = look->engine,
                .package = kept ? &kept->package : NULL,
                .container = f->module,
                .name = f->name,
                .file = f->file,
                .line = f->line,
                .answer = f->answer,
                .reason = f->reason,
                .after = started,
        };
        merge(to, f, started);
        return map_put_str(&l->by_function, key, (void *)(uintptr_t)l->functions.count);
}

static int take_engine(struct listing *l, const struct runtime_look *look, int64_t started)
{
        struct function_engine *e = vec_add(&l->engines);
        const char *const gaps[] = {
                look->modules_unknown, look->functions_unknown, look->negatives_unknown, look->lost,
                look->forked ? "it was forked: what its parent had run before is told as its own" : NULL};
        if (!e || !(e->gaps = arena_alloc(l->a, sizeof(gaps))))
                return -ENOMEM;
        e->pid = l->asked->pid;
        e->engine = look->engine;
        e->runtime = look->runtime;
        e->version =
                look->flavour ? arena_printf(l->a, "%s %s", look->version, look->flavour) : look->version;
        e->since = started;
        for (size_t i = 0; i < ARRAY_SIZE(gaps); i++)
                if (gaps[i])
                        e->gaps[e->gap_count++] = gaps[i];
        return e->version ? 0 : -ENOMEM;
}

static int take_look(struct listing *l, const struct runtime_look *look)
{
        int64_t started = clock_wall_of(l->asked->start);
        int64_t program = look->forked ? clock_wall_of(look->program_start) : started;
        int r = take_engine(l, look, started);
        vec_each (p, &look->packages)
                if (r == 0)
                        r = take_package(l, look, p);
        vec_each (f, &look->functions)
                if (r == 0)
                        r = take_function(l, look, f, f->answer == ANSWER_YES ? program : started);
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
                        l->status = take_look(l, look);
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
        return r;
}

/* ---- what was watched ------------------------------------------------------------------------------------
 */

static struct function_package *history_package(struct listing *l, const struct function_record *f)
{
        const char *key = package_key(f->package, l->a);
        key = key ? arena_printf(l->a, "uprobe\n%s", key) : NULL;
        struct function_package *to = key ? map_get_str(&l->by_package, key) : NULL;
        if (to || !key)
                return to;
        to = arena_alloc(l->a, sizeof(*to));
        struct function_package **slot = to ? vec_add(&l->packages) : NULL;
        if (!slot)
                return NULL;
        *to = (struct function_package){.package = *f->package, .engine = "uprobe"};
        *slot = to;
        return map_put_str(&l->by_package, key, to) < 0 ? NULL : to;
}

static int take_record(struct listing *l, const struct function_record *f)
{
        struct function_package *package = f->package ? history_package(l, f) : NULL;
        struct function_record *to = vec_add(&l->functions);
        if (!to || (f->package && !package))
                return -ENOMEM;
        *to = *f;
        to->package = package ? &package->package : NULL;
        return 0;
}

/* Native functions: of the whole workload, as the probes of a running watch have told it. */
static int take_history(struct listing *l, struct error *error)
{
        function_record_list records = {};
        const char *workload = l->query->workload ? l->query->workload : l->processes.items[0].workload_id;
        static const char *gaps[] = {"native functions are told of the whole workload, only while usewear "
                                     "watch runs, and some seconds "
                                     "late"};
        int64_t since = 0;
        if (!l->query->state || !workload)
                return 0;
        int r = function_history_read(l->query->state, workload, l->a, &records, &since, error);
        bool any = false;
        vec_each (f, &records) {
                if (r < 0 || !is_wanted(l, f->package))
                        continue;
                any = true;
                if (take_record(l, f) < 0)
                        r = error_set(error, -ENOMEM, "out of memory");
        }
        struct function_engine *e = r == 0 && any ? vec_add(&l->engines) : NULL;
        if (e)
                *e = (struct function_engine){.pid = l->query->pid,
                                              .engine = "uprobe",
                                              .since = since ? since : clock_wall(),
                                              .gaps = gaps,
                                              .gap_count = ARRAY_SIZE(gaps)};
        else if (r == 0 && any)
                r = error_set(error, -ENOMEM, "out of memory");
        vec_done(&records);
        return r;
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

/* The counts are made from the merged functions. */
static void count_functions(struct listing *l)
{
        vec_each (f, &l->functions) {
                if (!f->package || is_part(f->name))
                        continue;
                struct function_package *p =
                        (struct function_package *)((char *)f->package -
                                                    offsetof(struct function_package, package));
                p->known++;
                p->executed += f->answer == ANSWER_YES;
                p->silent += f->answer == ANSWER_NOT_OBSERVED;
        }
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

/* A list of nothing would say that nothing ran: of a process that ended there is none. */
static int take_all(struct listing *l, struct function_list *ret)
{
        int r = 0;
        vec_each (p, &l->processes) {
                if (r < 0)
                        break;
                r = ask_runtimes(l, p);
                if (r == -ESRCH && l->query->pid)
                        return r;
                if (r < 0 && r != -ENOMEM)
                        r = lose(l, p->pid, "could not be looked at", r);
        }
        if (r < 0)
                return r;
        count_functions(l);
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
        r = take_history(&l, error);
        if (r < 0)
                return r;
        r = take_all(&l, ret);
        if (r == -ESRCH)
                return error_set(error, r, "process %d ended before it could be read", query->pid);
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}
