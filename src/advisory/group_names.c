/* SPDX-License-Identifier: Apache-2.0 */

/* Ids that records call aliases of each other are one bug (union-find over names, so cycles are harmless). A
 * record that names several CVEs, as bulletins do, stands under each of them and joins none together. */

#include "advisory/group_names.h"

#include "format/kev.h"

#include <errno.h>

enum { LOOKUPS_MAX = 64 };

void names_done(struct groups *g)
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

size_t names_root(struct groups *g, size_t name)
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
        a = names_root(g, a);
        b = names_root(g, b);
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

bool id_is_bulletin(const char *id)
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

int names_add(struct groups *g, const struct hit *h)
{
        place_list cves = {};
        g->serial++;
        size_t own;
        bool bulletin = id_is_bulletin(h->id);
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

int names_complete(struct groups *g)
{
        size_t count = g->names.count, lookups = 0;
        _cleanup_free_ bool *has_cve = calloc(count + 1, 1);
        if (!has_cve)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (cve_in(span_of(g->names.items[i].text)).size)
                        has_cve[names_root(g, i)] = true;
        for (size_t i = 0; i < count && lookups < LOOKUPS_MAX; i++) {
                size_t root = names_root(g, i);
                if (root >= count || has_cve[root])
                        continue;
                bool found = false;
                int r = lookup_aliases(g, i, &found);
                if (r < 0)
                        return r;
                root = names_root(g, i);
                if (found && root < count)
                        has_cve[root] = true;
                lookups++;
        }
        return 0;
}
