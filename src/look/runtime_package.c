/* SPDX-License-Identifier: Apache-2.0 */

/* Questions follow answers: only when a package is known to be loaded is it known which functions its
 * advisories name. */

#include "look/state.h"

#include "look/package_query.h"

#include <errno.h>

enum { PACKAGE_MEMORY = 64 << 20 };

void runtime_packages_forget(struct runtime_watch *r)
{
        size_t i = 0;
        for (void *value; map_next(&r->packages, &i, NULL, NULL, &value);) {
                struct wanted_package *p = value;
                vec_done(&p->symbols);
                arena_done(&p->arena);
                free(p);
        }
        map_done(&r->packages);
        i = 0;
        for (void *value; map_next(&r->processes, &i, NULL, NULL, &value);)
                ((struct runtime_process *)value)->asked.count = 0;
}

static int want_symbol(struct wanted_package *p, const struct symbol *s)
{
        bool root = str_equal(s->kind, "root") || str_equal(s->kind, "unspecified");
        vec_each (known, &p->symbols)
                if (str_equal(known->container, s->container) && str_equal(known->function, s->function)) {
                        known->root |= root;
                        return 0;
                }
        struct wanted_symbol w = {
                .container = arena_strdup(&p->arena, s->container),
                .function = arena_strdup(&p->arena, s->function),
                .subject = arena_printf(&p->arena, "%s.%s", s->container, s->function),
                .root = root,
        };
        struct wanted_symbol *slot = w.container && w.function && w.subject ? vec_add(&p->symbols) : NULL;
        if (!slot)
                return -ENOMEM;
        *slot = w;
        return 0;
}

static int want_symbols(struct advisory_db *db, const struct package *package, struct wanted_package *p,
                        struct error *error)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(PACKAGE_MEMORY);
        struct match match = {};
        struct match_query query = package_query(package);
        if (package->not_evaluated || !query.version)
                return 0;
        int r = advisory_match(db, &query, &scratch, &match, error);
        if (r < 0 || match.outcome != MATCH_EVALUATED)
                return r;
        for (size_t i = 0; i < match.bug_count; i++)
                for (size_t k = 0; k < match.bugs[i].symbol_count; k++) {
                        const struct symbol *s = &match.bugs[i].symbols[k];
                        if (s->container && s->function && want_symbol(p, s) < 0)
                                return error_set(error, -ENOMEM, "out of memory");
                }
        return 0;
}

/* The database is open only while a new package is matched: that is rare. */
int runtime_package_learn(struct look *l, const struct package *package, const char *key,
                          struct advisory_db **db, struct error *error)
{
        struct runtime_watch *r = &l->runtimes;
        if (map_get_str(&r->packages, key))
                return 0;
        int failed = *db ? 0 : advisory_open(l->options.state, ADVISORY_READ, db, error);
        if (failed < 0)
                return failed;
        struct wanted_package *p = calloc(1, sizeof(*p));
        if (!p)
                return error_set(error, -ENOMEM, "out of memory");
        p->arena = ARENA_INIT(1 << 20);
        p->runtimes = package->runtimes;
        p->key = arena_strdup(&p->arena, key);
        failed = p->key ? want_symbols(*db, package, p, error) : error_set(error, -ENOMEM, "out of memory");
        if (failed == 0 && map_put_str(&r->packages, p->key, p) < 0)
                failed = error_set(error, -ENOMEM, "out of memory");
        if (failed < 0) {
                vec_done(&p->symbols);
                arena_done(&p->arena);
                free(p);
        }
        return failed;
}

void runtime_packages_renew(struct look *l)
{
        uint64_t stamp = advisory_stamp(l->options.state);
        if (stamp != l->runtimes.db_stamp)
                runtime_packages_forget(&l->runtimes);
        l->runtimes.db_stamp = stamp;
}
