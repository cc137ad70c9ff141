/* SPDX-License-Identifier: Apache-2.0 */

/* Records → bugs: each set of names is one, made of the entries that stand under it. */

#include "advisory/group_names.h"

#include <errno.h>

/* CVE, GHSA, home ids, local ones; lower is shown first. */
static int id_rank(const char *id)
{
        return str_starts(id, "CVE-") ? 0 : str_starts(id, "GHSA-") ? 1 : str_starts(id, "x_") ? 3 : 2;
}

int id_compare(const void *a, const void *b)
{
        const char *left = *(const char *const *)a, *right = *(const char *const *)b;
        int order = id_rank(left) - id_rank(right);
        return order ? order : strcmp(left, right);
}

/* Sorted list without doubles, copied to the caller's arena. */
static int ids_finish(struct arena *a, const char **ids, size_t count, const char ***ret, size_t *ret_count)
{
        size_t kept = 0;
        if (count)
                qsort(ids, count, sizeof(*ids), id_compare);
        const char **copies = arena_alloc(a, (count + 1) * sizeof(*copies));
        for (size_t i = 0; copies && i < count; i++) {
                if (kept && !strcmp(copies[kept - 1], ids[i]))
                        continue;
                copies[kept] = arena_strdup(a, ids[i]);
                if (!copies[kept++])
                        return -ENOMEM;
        }
        *ret = copies;
        *ret_count = kept;
        return copies ? 0 : -ENOMEM;
}

/* All that one set of names needs while its bug is made. */
struct set {
        VEC(const char *) ids, bulletins;
        VEC(const struct hit *) hits;
        bool affected;
        bool own; /* only entries of the stream that the package was built for count */
};

static int set_names(struct set *s, struct arena *a, struct bug *bug)
{
        const char **ids;
        size_t count;
        int r = ids_finish(a, s->ids.items, s->ids.count, &ids, &count);
        if (r == 0)
                r = ids_finish(a, s->bulletins.items, s->bulletins.count, &bug->bulletins,
                               &bug->bulletin_count);
        if (r < 0)
                return r;
        bug->id = ids[0];
        bug->aliases = ids + 1;
        bug->alias_count = count - 1;
        return 0;
}

static int text_add(void *list, const char *text)
{
        VEC(const char *) *to = list;
        const char **slot = vec_add(to);
        if (!slot)
                return -ENOMEM;
        *slot = text;
        return 0;
}

static int set_add(struct set *s, const struct member *m)
{
        const struct hit **slot = vec_add(&s->hits);
        if (!slot)
                return -ENOMEM;
        *slot = m->hit;
        s->affected = s->affected || m->hit->affected;
        if (!m->hit->affected)
                return 0;
        return id_is_bulletin(m->hit->id) ? text_add(&s->bulletins, m->hit->id)
                                          : text_add(&s->ids, m->hit->id);
}

static int sets_fill(struct groups *g, struct set *sets)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < g->names.count; i++)
                if (!id_is_bulletin(g->names.items[i].text))
                        r = text_add(&sets[names_root(g, i)].ids, g->names.items[i].text);
        vec_each (m, &g->members)
                sets[names_root(g, m->name)].own |= m->hit->own;
        vec_each (m, &g->members)
                if (r == 0 && (m->hit->own || !sets[names_root(g, m->name)].own))
                        r = set_add(&sets[names_root(g, m->name)], m);
        return r;
}

static int bug_compare(const void *a, const void *b)
{
        const struct bug *left = a, *right = b;
        return strcmp(left->id, right->id);
}

static bool set_equal(const struct set *a, const struct set *b)
{
        return a->hits.count == b->hits.count &&
               !memcmp(a->hits.items, b->hits.items, a->hits.count * sizeof(*a->hits.items));
}

/* The CVEs of one bulletin follow each other and share all that its entries say: worked out once. */
static int set_bug(struct match_context *c, const struct set *s, const struct set *before, struct bug *bug)
{
        if (before && set_equal(s, before)) {
                struct bug same = bug[-1];
                same.id = bug->id;
                same.aliases = bug->aliases;
                same.alias_count = bug->alias_count;
                same.bulletins = bug->bulletins;
                same.bulletin_count = bug->bulletin_count;
                same.kev_added = same.kev_due = same.epss_date = NULL;
                same.kev_ransomware = false;
                *bug = same;
        } else {
                int r = bug_fill(c, s->hits.items, s->hits.count, bug);
                if (r < 0)
                        return r;
        }
        int r = bug_join_symbols(c, bug);
        if (r == 0)
                r = bug_roots(c, s->hits.items, s->hits.count, bug);
        return r < 0 ? r : bug_exploitation(c, bug);
}

static int sets_to_bugs(struct groups *g, struct set *sets, struct match *ret)
{
        struct match_context *c = g->c;
        const struct set *before = NULL;
        size_t count = 0;
        for (size_t i = 0; i < g->names.count; i++)
                count += sets[i].affected;
        ret->bugs = arena_alloc(c->arena, (count + 1) * sizeof(*ret->bugs));
        if (!ret->bugs)
                return -ENOMEM;
        for (size_t i = 0; i < g->names.count; i++) {
                struct bug *bug = &ret->bugs[ret->bug_count];
                if (!sets[i].affected)
                        continue;
                /* A bulletin without CVE is a bug by its own name. */
                if (!sets[i].ids.count && text_add(&sets[i].ids, g->names.items[i].text) < 0)
                        return -ENOMEM;
                int r = set_names(&sets[i], c->arena, bug);
                if (r == 0)
                        r = set_bug(c, &sets[i], before, bug);
                if (r < 0)
                        return r;
                before = &sets[i];
                ret->bug_count++;
        }
        qsort(ret->bugs, ret->bug_count, sizeof(*ret->bugs), bug_compare);
        return 0;
}

int group_bugs(struct match_context *c, struct match *ret)
{
        __attribute__((cleanup(names_done))) struct groups g = {.c = c};
        int r = 0;
        vec_each (h, &c->hits)
                if (r == 0)
                        r = names_add(&g, h);
        if (r == 0)
                r = names_complete(&g);
        _cleanup_free_ struct set *sets = r < 0 ? NULL : calloc(g.names.count + 1, sizeof(*sets));
        if (r == 0)
                r = sets ? sets_fill(&g, sets) : -ENOMEM;
        if (r == 0)
                r = sets_to_bugs(&g, sets, ret);
        for (size_t i = 0; sets && i < g.names.count; i++) {
                vec_done(&sets[i].ids);
                vec_done(&sets[i].bulletins);
                vec_done(&sets[i].hits);
        }
        return r == -ENOMEM ? error_set(c->error, r, "out of memory while matching %s", c->query->name) : r;
}
