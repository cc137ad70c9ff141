/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_runtime.h"

#include "base/map.h"
#include "prober/worker_module.h"
#include "prober/worker_root.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A function belongs to the package that owns the file its code is from, whatever name it is imported by: so
 * vendored copies, and methods inherited from other packages, are theirs who wrote them. */

struct telling {
        struct worker *w;
        const struct probe_job *job;
        const struct inventory *inventory;
        struct arena *a;
        struct runtime_look *look;
        struct map owners;   /* file → index of the package, plus 1; or `nobody` */
        struct map packages; /* struct package of the inventory → index, plus 1 */
        struct map queries;  /* name of a function → index of its first query, plus 1 */
        uint64_t *next;      /* of each query: the next one of the same function, plus 1 */
        int root_fd;         /* of worker_module_owner */
        size_t told;         /* bytes of names, so far */
};

/* Bytes of names of functions that nobody asked for by name: a program may have as many, and as long ones, as
 * it wants, and all must fit into one answer. */
enum { TOLD_BYTES = 20 << 20 };

static char nobody;

/* Index of what is told of the package, plus 1, or -ENOMEM. */
static int64_t index_of(struct telling *t, const struct package *p)
{
        intptr_t index = (intptr_t)map_get(&t->packages, &p, sizeof(p));
        if (index)
                return index;
        const struct package **key = arena_alloc(t->a, sizeof(*key));
        struct runtime_package *slot = vec_add(&t->look->packages);
        if (!key || !slot)
                return -ENOMEM;
        *key = p;
        slot->package = *p;
        index = (intptr_t)t->look->packages.count;
        return map_put(&t->packages, key, sizeof(*key), (void *)index) < 0 ? -ENOMEM : index;
}

/* Of several packages with equal right, each of which may be the one that is used. */
static int share(struct telling *t, const struct inventory *inventory, const char *path, const char *file)
{
        package_refs refs = {};
        int r = inventory_owners(inventory, path, &refs);
        const char *shared = refs.count ? arena_strdup(t->a, file) : NULL;
        if (refs.count && !shared)
                r = -ENOMEM;
        if (r == -E2BIG) {
                t->look->modules_unknown = "a module belongs to too many packages with equal right";
                r = 0;
        } else if (r == 0)
                vec_each (ref, &refs) {
                        int64_t index = r == 0 ? index_of(t, *ref) : r;
                        if (index > 0 && !t->look->packages.items[index - 1].shared)
                                t->look->packages.items[index - 1].shared = shared;
                        r = index < 0 ? (int)index : 0;
                }
        vec_done(&refs);
        return r;
}

/* Index of the package that owns the file, plus 1; 0: none; -ENOMEM. */
static int64_t owner_of(struct telling *t, const char *file, const char *module)
{
        if (!file || !t->inventory)
                return 0;
        void *known = map_get_str(&t->owners, file);
        if (known)
                return known == &nobody ? 0 : (int64_t)(intptr_t)known;
        bool unread = false;
        const struct inventory *inventory = worker_inventory_at(t->w, t->job, file, &unread);
        struct module_owner owner = {};
        if (unread)
                t->look->modules_unknown =
                        "a module lies where something else is mounted for its process, which "
                        "was not looked into yet";
        else if (inventory)
                owner = worker_module_owner(t->w, t->job, inventory, file, module, t->a, &t->root_fd);
        int64_t index = owner.package  ? index_of(t, owner.package)
                        : owner.shared ? share(t, inventory, owner.shared, file)
                                       : 0;
        if (index < 0)
                return index;
        return map_put_str(&t->owners, file, index ? (void *)(intptr_t)index : &nobody) < 0 ? -ENOMEM : index;
}

static int tell_module(void *context, const struct engine_module *m)
{
        struct telling *t = context;
        int64_t owner = owner_of(t, m->file, m->name);
        if (owner <= 0)
                return (int)owner;
        struct runtime_package *p = &t->look->packages.items[owner - 1];
        p->modules++;
        if (!p->module)
                p->module = m->name;
        return 0;
}

/* ---- functions -------------------------------------------------------------------------------------- */

/* "<listcomp>" and the like are parts of the function or body around them; a lambda is one by itself. */
static bool is_part(const char *name)
{
        const char *dot = strrchr(name, '.');
        const char *last = dot ? dot + 1 : name;
        return last[0] == '<' && strcmp(last, "<lambda>") != 0;
}

/* An advisory names modules relative to the root of their package; a vendored copy has more in front. */
static bool is_module(const char *module, const char *container)
{
        if (!module)
                return false;
        size_t size = strlen(module), wanted = strlen(container);
        return size >= wanted && !strcmp(module + size - wanted, container) &&
               (size == wanted || module[size - wanted - 1] == '.');
}

/* A look knows thousands of functions, and hundreds may be asked for. */
static int index_queries(struct telling *t)
{
        const struct probe_job *job = t->job;
        t->next = job->query_count ? arena_alloc(t->a, job->query_count * sizeof(*t->next)) : NULL;
        if (job->query_count && !t->next)
                return -ENOMEM;
        for (size_t n = job->query_count; n > 0; n--) {
                const char *name = job->queries[n - 1].function;
                t->next[n - 1] = (uint64_t)(uintptr_t)map_get_str(&t->queries, name);
                if (map_put_str(&t->queries, name, (void *)(uintptr_t)n) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Index of the query that asks for this function, plus 1; 0: none. */
static uint64_t query_of(const struct telling *t, const struct engine_function *f)
{
        uint64_t n = (uint64_t)(uintptr_t)map_get_str(&t->queries, f->name);
        while (n && !is_module(f->module, t->job->queries[n - 1].container))
                n = t->next[n - 1];
        return n;
}

static size_t bytes_of(const struct engine_function *f)
{
        return (f->module ? strlen(f->module) : 0) + strlen(f->name) + strlen(f->file);
}

static int tell_function(void *context, const struct engine_function *f)
{
        struct telling *t = context;
        int64_t owner = owner_of(t, f->file, f->module);
        if (owner < 0)
                return (int)owner;
        if (owner && !is_part(f->name)) {
                struct runtime_package *p = &t->look->packages.items[owner - 1];
                p->known++;
                p->executed += f->answer == ANSWER_YES;
                p->silent += f->answer == ANSWER_NOT_OBSERVED;
                if (f->answer == ANSWER_YES && (!p->function || f->first < p->first)) {
                        p->function = arena_printf(t->a, "%s.%s", f->module ? f->module : "?", f->name);
                        p->first = f->first;
                        if (!p->function)
                                return -ENOMEM;
                }
        }
        uint64_t query = query_of(t, f);
        if (!query && !(t->job->flags & RUNTIME_ALL))
                return 0;
        t->told += query ? 0 : bytes_of(f);
        if ((!query && t->told > TOLD_BYTES) || t->look->functions.count >= RUNTIME_FUNCTIONS) {
                t->look->lost = "functions of it, or their names, are more than one answer holds: some are "
                                "not listed";
                return 0;
        }
        struct runtime_function *slot = vec_add(&t->look->functions);
        if (!slot)
                return -ENOMEM;
        *slot = (struct runtime_function){
                .package = (uint64_t)owner,
                .query = query,
                .module = f->module,
                .name = f->name,
                .file = f->file,
                .line = f->line,
                .answer = f->answer,
                .reason = f->reason,
                .first = f->first,
        };
        return 0;
}

/* What ran is told all the same; who is not listed may be anything. */
static void tell_too_large(struct runtime_look *look)
{
        look->negatives_unknown = "its names and functions are more than is kept of one process";
        look->modules_unknown = "not all of its memory was looked at";
}

int worker_tell(struct worker *w, const struct probe_job *job, const struct watched_process *p,
                struct arena *a, struct runtime_reply *to)
{
        struct telling t = {
                .w = w,
                .job = job,
                .a = a,
                .inventory = worker_inventory_of(w, job),
                .root_fd = -1,
        };
        int r = index_queries(&t);
        for (size_t n = 0; r == 0 && n < p->session_count; n++) {
                const struct engine_session *s = &p->sessions[n];
                struct engine_about about;
                s->engine->about(s->state, &about);
                t.look = vec_add(&to->looks);
                if (!t.look) {
                        r = -ENOMEM;
                        break;
                }
                *t.look = (struct runtime_look){
                        .engine = s->engine->name,
                        .runtime = about.runtime,
                        .version = arena_strdup(a, about.version),
                        .flavour = about.flavour,
                        .bit = s->engine->runtime,
                        .functions_unknown = about.functions_unknown,
                        .negatives_unknown = about.negatives_unknown,
                        .modules_unknown = about.modules_unknown,
                        .lost = about.lost,
                        .more = s->more,
                        .since = s->since,
                        .forked = p->forked,
                        .program_start = p->program_start,
                        .bytes = p->bytes,
                };
                if (p->too_large)
                        tell_too_large(t.look);
                r = t.look->version ? s->engine->modules(s->state, tell_module, &t) : -ENOMEM;
                /* Who wants each function waits until all were looked at. */
                if (r == 0 && !(s->more && job->flags & RUNTIME_ALL))
                        r = s->engine->functions(s->state, tell_function, &t);
                map_done(&t.owners);
                map_done(&t.packages);
        }
        map_done(&t.queries);
        if (t.root_fd >= 0)
                close(t.root_fd);
        return r;
}
