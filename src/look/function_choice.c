/* SPDX-License-Identifier: Apache-2.0 */

/* What is worth a probe: the functions that advisories of the packages in a file name, each once, ordered by
 * what its answer could change. */

#include "look/state.h"

#include "host/runtime.h"
#include "look/package_query.h"

#include <errno.h>

enum {
        MATCH_MEMORY = 64 << 20,
        CHOICE_MOST = 4096, /* functions that the best ones are chosen from */
        ASKED_WEIGHT = 1000 /* before all advisories */
};

static bool is_called(const char *name, const char *container)
{
        size_t size = strlen(container);
        return size && !strncmp(name, container, size) && (!name[size] || name[size] == '.');
}

/* "libssl.so.3" is the container of libssl.so.3 and libssl.so.3.0.1; a program is called as it is. The file
 * of libc.so.6 may be libc-2.31.so, and tells its name. A copy of a package's file may be called anything. */
bool choice_is_container(const char *container, const struct file_reply *file)
{
        const char *slash = strrchr(file->file.path, '/');
        return file->copied || is_called(slash ? slash + 1 : file->file.path, container) ||
               (file->file.soname && is_called(file->file.soname, container));
}

static struct probed_function *find_function(struct probed_file *f, const struct symbol *s,
                                             const char *package)
{
        vec_each (p, &f->functions)
                if (!p->provider && str_equal(p->container, s->container) &&
                    str_equal(p->function, s->function) && str_equal(p->package, package))
                        return p;
        return NULL;
}

static double weight_of(const struct bug *b, bool root)
{
        return (root ? 100 : 0) + (b->kev_added ? 50 : 0) + MAX(b->severity.score, 0.0) +
               10 * MAX(b->epss, 0.0);
}

static int want_symbol(struct probed_file *f, const struct bug *b, const struct symbol *s,
                       const char *package, bool go)
{
        bool root = str_equal(s->kind, "root") || str_equal(s->kind, "unspecified");
        struct probed_function *p = find_function(f, s, package);
        if (!p) {
                if (f->functions.count >= CHOICE_MOST)
                        return 0;
                p = vec_add(&f->functions);
                if (!p)
                        return -ENOMEM;
                p->number = p->guard = UINT32_MAX;
                p->container = arena_strdup(&f->arena, s->container);
                p->function = arena_strdup(&f->arena, s->function);
                p->package = arena_strdup(&f->arena, package);
                p->subject = arena_printf(&f->arena, "%s%c%s", s->container, go ? '.' : ':', s->function);
                if (!p->container || !p->function || !p->package || !p->subject)
                        return -ENOMEM;
        }
        p->root |= root;
        p->urgent |= b->kev_added != NULL;
        p->weight = MAX(p->weight, weight_of(b, root));
        return 0;
}

/* Many files come from one source package: it is matched once. Only bugs with functions are of interest. */
static int match_package(struct look *l, const struct match_query *q, const struct match **ret,
                         struct error *error)
{
        struct native_watch *n = &l->native;
        struct native_match *m = calloc(1, sizeof(*m));
        if (!m)
                return error_set(error, -ENOMEM, "out of memory");
        m->arena = ARENA_INIT(MATCH_MEMORY);
        m->key = package_query_key(q, &m->arena);
        struct native_match *known = m->key ? map_get_str(&n->matches, m->key) : NULL;
        int r = m->key ? 0 : -ENOMEM;
        if (!known && r == 0)
                r = advisory_match(n->db, q, &m->arena, &m->match, error);
        if (!known && r == 0)
                r = map_put_str(&n->matches, m->key, m);
        if (known || r < 0) {
                arena_done(&m->arena);
                free(m);
                m = known;
        }
        if (r == 0)
                *ret = &m->match;
        return r;
}

void choice_forget(struct native_watch *n)
{
        size_t i = 0;
        for (void *value; map_next(&n->matches, &i, NULL, NULL, &value);) {
                struct native_match *m = value;
                arena_done(&m->arena);
                free(m);
        }
        map_done(&n->matches);
}

/* Add the functions of the file that advisories of this package name. */
static int want_package(struct look *l, struct probed_file *f, const struct package *package, const char *key,
                        const struct file_reply *file, struct error *error)
{
        bool go = str_equal(package->ecosystem, "Go");
        struct match_query query = package_query(package);
        const struct match *match = NULL;
        if (package->not_evaluated || !query.version)
                return 0;
        int r = match_package(l, &query, &match, error);
        if (r < 0 || match->outcome != MATCH_EVALUATED)
                return r;
        for (size_t i = 0; r == 0 && i < match->bug_count; i++)
                for (size_t k = 0; r == 0 && k < match->bugs[i].symbol_count; k++) {
                        const struct symbol *s = &match->bugs[i].symbols[k];
                        if (s->container && s->function && (go || choice_is_container(s->container, file)))
                                r = want_symbol(f, &match->bugs[i], s, key, go);
                }
        return r < 0 ? error_set(error, r, "out of memory") : 0;
}

/* ---- by hand ---------------------------------------------------------------------------------------- */

static bool means(const struct look_function *w, const struct entry *e, const struct used_file *used)
{
        return w->file && used->reply.file.path && str_equal(e->process.root.id, "host") &&
               str_equal(w->file, used->reply.file.path);
}

static bool choice_is_asked_for(const struct look *l, const struct entry *e, const struct used_file *used)
{
        for (size_t i = 0; i < l->options.function_count; i++)
                if (means(&l->options.functions[i], e, used))
                        return true;
        return false;
}

bool choice_is_possible(const struct look *l, const struct entry *e, const struct used_file *used)
{
        return used->reply.file.elf &&
               (used->reply.has_owner || used->reply.linked.count || choice_is_asked_for(l, e, used));
}

/* What runs by the user's wish is execution: no advisory says that it is vulnerable. */
static int want_asked(struct probed_file *f, const struct look_function *w, const struct used_file *used)
{
        struct probed_function *p = vec_add(&f->functions);
        const char *slash = strrchr(used->reply.file.path, '/');
        const char *name = slash ? slash + 1 : used->reply.file.path;
        if (!p)
                return -ENOMEM;
        *p = (struct probed_function){.number = UINT32_MAX,
                                      .guard = UINT32_MAX,
                                      .container = "",
                                      .function = w->name,
                                      .provider = w->provider,
                                      .urgent = true,
                                      .weight = ASKED_WEIGHT};
        p->package = arena_strdup(&f->arena, used->owner_key ? used->owner_key : "");
        p->subject = w->provider            ? arena_printf(&f->arena, "%s:%s:%s", name, w->provider, w->name)
                     : strchr(w->name, '/') ? w->name
                                            : arena_printf(&f->arena, "%s:%s", name, w->name);
        return p->package && p->subject ? 0 : -ENOMEM;
}

static int compare_weight(const void *a, const void *b)
{
        const struct probed_function *x = a, *y = b;
        if (x->weight != y->weight)
                return x->weight > y->weight ? -1 : 1;
        return strcmp(x->subject, y->subject);
}

int choice_make(struct look *l, struct probed_file *f, const struct entry *e, const struct used_file *used,
                struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < l->options.function_count; i++)
                if (means(&l->options.functions[i], e, used))
                        r = want_asked(f, &l->options.functions[i], used);
        if (r < 0)
                return error_set(error, r, "out of memory");
        if (used->reply.has_owner)
                r = want_package(l, f, &used->reply.owner, used->owner_key, &used->reply, error);
        for (size_t i = 0; r == 0 && i < used->reply.linked.count; i++)
                r = want_package(l, f, &used->reply.linked.items[i], used->linked_keys[i], &used->reply,
                                 error);
        if (r == 0 && f->functions.count)
                qsort(f->functions.items, f->functions.count, sizeof(*f->functions.items), compare_weight);
        return r;
}
