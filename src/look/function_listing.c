/* SPDX-License-Identifier: Apache-2.0 */

/* Several processes of a workload run the same code: what one of them has run the workload has run, and what
 * none has run is silent only where none of them is unknown. */

#include "look/function_listing.h"

#include "base/clock.h"
#include "look/function_history.h"

#include <errno.h>

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

int listing_take_look(struct listing *l, const struct runtime_look *look)
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

/* ---- what was watched -------------------------------------------------------------------------------- */

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

int listing_take_history(struct listing *l, struct error *error)
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

/* ---- counts ------------------------------------------------------------------------------------------ */

/* A part of the function or body around it is no function of its own. */
static bool is_part(const char *name)
{
        const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
        return last[0] == '<' && strcmp(last, "<lambda>") != 0;
}

void listing_count(struct listing *l)
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
