/* SPDX-License-Identifier: Apache-2.0 */
/* Records → bugs. Ids that records call aliases of each other are one bug (union-find over names, so
 * cycles are harmless). A record that names several CVEs, as bulletins do, stands under each of them and
 * joins none together. */
#include "advisory/match.h"

#include "base/map.h"
#include "format/kev.h"

#include <errno.h>

enum { LOOKUPS_MAX = 64 };

struct name {
        const char *text;
        size_t parent;
        size_t size;   /* of the set, at its root */
        size_t listed; /* serial of the last list of CVEs that it was put in */
};

/* An entry under one of the names. */
struct member {
        size_t name;
        const struct hit *hit;
};

struct groups {
        struct match_context *c;
        struct map places; /* text → index + 1 */
        size_t serial;     /* of the list of CVEs being made */
        VEC(struct name) names;
        VEC(struct member) members;
};

static void groups_done(struct groups *g)
{
        map_done(&g->places);
        vec_done(&g->names);
        vec_done(&g->members);
}

static int name_place(struct groups *g, struct span text, size_t *ret)
{
        void *known = map_get(&g->places, text.data, text.size);
        if (known) {
                *ret = (size_t)known - 1;
                return 0;
        }
        char *copy = arena_strndup(&g->c->scratch, text.data, text.size);
        struct name *n = copy ? vec_add(&g->names) : NULL;
        if (!n)
                return -ENOMEM;
        *ret = g->names.count - 1;
        *n = (struct name){copy, *ret, 1, 0};
        return map_put(&g->places, copy, text.size, (void *)(*ret + 1));
}

static size_t root_of(struct groups *g, size_t name)
{
        struct name *names = g->names.items;
        while (names[name].parent != name) {
                names[name].parent = names[names[name].parent].parent;
                name = names[name].parent;
        }
        return name;
}

static void join(struct groups *g, size_t a, size_t b)
{
        struct name *names = g->names.items;
        a = root_of(g, a);
        b = root_of(g, b);
        if (a == b)
                return;
        if (names[a].size < names[b].size) {
                size_t swap = a;
                a = b;
                b = swap;
        }
        names[b].parent = a;
        names[a].size += names[b].size;
}

static int member_add(struct groups *g, size_t name, const struct hit *hit)
{
        struct member *m = vec_add(&g->members);
        if (!m)
                return -ENOMEM;
        *m = (struct member){name, hit};
        return 0;
}

/* "DEBIAN-CVE-2024-1" → "CVE-2024-1": distributions put their name in front. */
static struct span cve_in(struct span id)
{
        char text[32];
        if (id.size >= 8 && !span_starts(id, "CVE-")) {
                const char *at = memmem(id.data, id.size, "-CVE-", 5);
                if (at)
                        id = (struct span){at + 1, id.size - (size_t)(at + 1 - id.data)};
        }
        if (!id.size || id.size >= sizeof(text))
                return (struct span){};
        memcpy(text, id.data, id.size);
        text[id.size] = 0;
        return cve_valid(text) ? id : (struct span){};
}

static bool is_bulletin(const char *id)
{
        static const char *const prefixes[] = {"DSA-",  "DLA-",  "DTSA-", "USN-",      "LSN-",  "RHSA-",
                                               "RHBA-", "RHEA-", "ALSA-", "ALBA-",     "ALEA-", "RLSA-",
                                               "RLBA-", "RLEA-", "SUSE-", "openSUSE-", "MGASA-"};
        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (str_starts(id, prefixes[i]))
                        return true;
        return false;
}

/* AlmaLinux and Rocky name their CVEs as related only. */
static bool names_related(const char *id)
{
        return str_starts(id, "AL") || str_starts(id, "RL");
}

typedef VEC(size_t) place_list;

static int cves_add(struct groups *g, const char *list, place_list *to)
{
        struct span rest = span_of(list), line;
        while (line_next(&rest, &line)) {
                struct span cve = cve_in(line);
                size_t place, *slot;
                if (!cve.size)
                        continue;
                if (name_place(g, cve, &place) < 0)
                        return -ENOMEM;
                if (g->names.items[place].listed == g->serial)
                        continue;
                g->names.items[place].listed = g->serial;
                if (!(slot = vec_add(to)))
                        return -ENOMEM;
                *slot = place;
        }
        return 0;
}

static int aliases_join(struct groups *g, size_t place, const char *aliases)
{
        struct span rest = span_of(aliases), line;
        while (line_next(&rest, &line)) {
                size_t alias;
                if (!line.size)
                        continue;
                if (name_place(g, line, &alias) < 0)
                        return -ENOMEM;
                join(g, place, alias);
        }
        return 0;
}

static int hit_place(struct groups *g, const struct hit *h)
{
        place_list cves = {};
        g->serial++;
        size_t own;
        bool bulletin = is_bulletin(h->id);
        int r = cves_add(g, h->id, &cves);
        if (r == 0)
                r = cves_add(g, bulletin ? h->upstream : h->aliases, &cves);
        if (r == 0 && bulletin && names_related(h->id))
                r = cves_add(g, h->related, &cves);
        if (r == 0 && (cves.count > 1 || (bulletin && cves.count))) {
                vec_each (cve, &cves)
                        if (r == 0)
                                r = member_add(g, *cve, h);
        } else if (r == 0) {
                r = name_place(g, span_of(h->id), &own);
                if (r == 0 && cves.count)
                        join(g, own, cves.items[0]);
                if (r == 0)
                        r = aliases_join(g, own, h->aliases);
                if (r == 0)
                        r = member_add(g, own, h);
        }
        vec_done(&cves);
        return r;
}

static int lookup_aliases(struct groups *g, size_t place, bool *ret_cve)
{
        sqlite3_stmt *s = database_statement(g->c->db, ALIASES_GET);
        if (s)
                bind_text(s, 1, g->names.items[place].text);
        int code = s ? sqlite3_step(s) : sqlite3_errcode(g->c->db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(g->c->db, code, "matching", g->c->error);
        const char *aliases = code == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;
        place_list cves = {};
        g->serial++;
        int r = cves_add(g, aliases, &cves);
        if (r == 0 && cves.count == 1) {
                *ret_cve = true;
                r = aliases_join(g, place, aliases);
        }
        vec_done(&cves);
        statement_reset(&s);
        return r;
}

/* A group without CVE: an alias that is stored under another package's name may know it. */
static int complete_names(struct groups *g)
{
        size_t count = g->names.count, lookups = 0;
        _cleanup_free_ bool *has_cve = calloc(count + 1, 1);
        if (!has_cve)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (cve_in(span_of(g->names.items[i].text)).size)
                        has_cve[root_of(g, i)] = true;
        for (size_t i = 0; i < count && lookups < LOOKUPS_MAX; i++) {
                size_t root = root_of(g, i);
                if (root >= count || has_cve[root])
                        continue;
                bool found = false;
                int r = lookup_aliases(g, i, &found);
                if (r < 0)
                        return r;
                root = root_of(g, i);
                if (found && root < count)
                        has_cve[root] = true;
                lookups++;
        }
        return 0;
}

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
        return is_bulletin(m->hit->id) ? text_add(&s->bulletins, m->hit->id) : text_add(&s->ids, m->hit->id);
}

static int sets_fill(struct groups *g, struct set *sets)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < g->names.count; i++)
                if (!is_bulletin(g->names.items[i].text))
                        r = text_add(&sets[root_of(g, i)].ids, g->names.items[i].text);
        vec_each (m, &g->members)
                sets[root_of(g, m->name)].own |= m->hit->own;
        vec_each (m, &g->members)
                if (r == 0 && (m->hit->own || !sets[root_of(g, m->name)].own))
                        r = set_add(&sets[root_of(g, m->name)], m);
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
        __attribute__((cleanup(groups_done))) struct groups g = {.c = c};
        int r = 0;
        vec_each (h, &c->hits)
                if (r == 0)
                        r = hit_place(&g, h);
        if (r == 0)
                r = complete_names(&g);
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
