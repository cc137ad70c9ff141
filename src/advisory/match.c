/* SPDX-License-Identifier: Apache-2.0 */
/* One package → its bugs, or why it cannot be told. Rows come by (ecosystem with release, normalised name),
 * so a release never borrows another's advisories. What has no data, no order or no readable version is
 * not evaluated: only a comparison that took place can end in "clean". */
#include "advisory/match.h"

#include "advisory/import.h"

#include <errno.h>
#include <stdio.h>

/* A release that hardly any advisory names has not been imported, it was only mentioned in passing. */
enum { RELEASE_FEWEST = 10 };

static const char *const distributions[] = {
        "Debian",      "Ubuntu",       "Alpine",
        "AlmaLinux",   "Rocky Linux",  "Red Hat",
        "SUSE",        "openSUSE",     "Wolfi",
        "Chainguard",  "MinimOS",      "Echo",
        "Azure Linux", "Mageia",       "Photon OS",
        "openEuler",   "Alpaquita",    "BellSoft Hardened Containers",
        "Fedora",      "Amazon Linux",
};

const char *fix_state_name(enum fix_state state)
{
        static const char *const names[_FIX_STATE_MAX] = {
                [FIX_UNKNOWN] = "unknown",
                [FIX_FIXED] = "fixed",
                [FIX_NOT_FIXED] = "not_fixed",
                [FIX_WONT_FIX] = "wont_fix",
                [FIX_EXTENDED_SUPPORT] = "extended_support",
        };
        return names[state];
}

bool hit_affects(const struct hit *h, const struct version_scheme *scheme, struct span version)
{
        struct span rest = span_of(h->versions), line;
        while (line_next(&rest, &line))
                if ((line.size == version.size && !memcmp(line.data, version.data, line.size)) ||
                    (scheme && scheme->valid(line) && scheme->valid(version) &&
                     !scheme->compare(line, version)))
                        return true;
        return scheme && scheme->valid(version) && range_contains(span_of(h->ranges), scheme, version);
}

static int not_evaluated(struct match_context *c, struct match *ret, bool mend, const char *reason)
{
        *ret = (struct match){.outcome = MATCH_NOT_EVALUATED, .reason = reason};
        if (mend)
                ret->mend = arena_printf(c->arena,
                                         strchr(c->base, ' ') ? "usewear db import '%s/all.zip'"
                                                              : "usewear db import %s/all.zip",
                                         c->base);
        return reason && (!mend || ret->mend) ? 0 : error_set(c->error, -ENOMEM, "out of memory");
}

/* Number of advisories of the ecosystem and release, counted up to RELEASE_FEWEST; asked once each. */
static int release_count(struct match_context *c, const char *ecosystem, int *ret)
{
        void *known = map_get_str(&c->db->releases, ecosystem);
        if (known) {
                *ret = (int)(intptr_t)known - 1;
                return 0;
        }
        sqlite3_stmt *s = database_statement(c->db, RELEASE_COUNT);
        if (s) {
                bind_text(s, 1, ecosystem);
                sqlite3_bind_int(s, 2, RELEASE_FEWEST);
        }
        int code = s ? sqlite3_step(s) : sqlite3_errcode(c->db->sql);
        if (code != SQLITE_ROW)
                return database_error(c->db, code, "matching", c->error);
        *ret = sqlite3_column_int(s, 0);
        statement_reset(&s);
        char *key = arena_strdup(&c->db->memory, ecosystem);
        if (key)
                map_put_str(&c->db->releases, key, (void *)(intptr_t)(*ret + 1));
        return 0;
}

static const char *column(struct match_context *c, sqlite3_stmt *s, int index, bool *failed)
{
        const char *text = (const char *)sqlite3_column_text(s, index);
        char *copy = text ? arena_strdup(&c->scratch, text) : NULL;
        if (text && !copy)
                *failed = true;
        return copy;
}

static int hit_add(struct match_context *c, sqlite3_stmt *s)
{
        bool failed = false;
        struct hit *h = vec_add(&c->hits);
        if (!h)
                return -ENOMEM;
        h->advisory = sqlite3_column_int64(s, 0);
        h->ranges = column(c, s, 1, &failed);
        h->versions = column(c, s, 2, &failed);
        h->severity = column(c, s, 3, &failed);
        h->symbols = column(c, s, 4, &failed);
        h->urgency = column(c, s, 5, &failed);
        h->doubt = sqlite3_column_int(s, 6);
        h->id = column(c, s, 7, &failed);
        h->modified = sqlite3_column_int64(s, 8);
        h->aliases = column(c, s, 9, &failed);
        h->upstream = column(c, s, 10, &failed);
        h->related = column(c, s, 11, &failed);
        h->record_severity = column(c, s, 12, &failed);
        h->rating = column(c, s, 13, &failed);
        h->affected = hit_affects(h, c->scheme, c->version);
        c->affecting += h->affected;
        return failed || !h->id ? -ENOMEM : 0;
}

/* Collect the package's entries, and count the advisories compared. */
static int collect(struct match_context *c, const char *ecosystem, const char *name, size_t *ret_compared)
{
        sqlite3_stmt *s = database_statement(c->db, PACKAGE_ROWS);
        if (s) {
                bind_text(s, 1, ecosystem);
                bind_text(s, 2, name);
        }
        int64_t last = 0;
        size_t compared = 0;
        int code = s ? SQLITE_OK : sqlite3_errcode(c->db->sql);
        while (s && (code = sqlite3_step(s)) == SQLITE_ROW) {
                compared += sqlite3_column_int64(s, 0) != last;
                last = sqlite3_column_int64(s, 0);
                if (hit_add(c, s) < 0) {
                        statement_reset(&s);
                        return error_set(c->error, -ENOMEM, "out of memory while matching %s", name);
                }
        }
        statement_reset(&s);
        *ret_compared = compared;
        return code == SQLITE_DONE ? 0 : database_error(c->db, code, "matching", c->error);
}

static int evaluate(struct match_context *c, const char *ecosystem, struct match *ret)
{
        _cleanup_buf_ struct buf name = BUF_INIT(OSV_TEXT_MAX);
        int releases = 0;
        int r = release_count(c, ecosystem, &releases);
        if (r < 0)
                return r;
        if (!releases)
                return not_evaluated(c, ret, true,
                                     arena_printf(c->arena, "no advisories of %s here", ecosystem));
        if (!c->scheme)
                return not_evaluated(
                        c, ret, false,
                        arena_printf(c->arena, "versions of %s cannot be compared yet", c->base));
        if (!c->version.size || !c->scheme->valid(c->version))
                return not_evaluated(c, ret, false,
                                     arena_printf(c->arena, "%s is no version of %s",
                                                  c->version.size ? c->query->version : "an unknown version",
                                                  c->base));
        if (name_normalise(c->base, c->query->name, &name) < 0 || !name.size)
                return not_evaluated(c, ret, false, arena_printf(c->arena, "no package name of %s", c->base));
        r = collect(c, ecosystem, name.data, &ret->compared);
        if (r < 0)
                return r;
        if (!c->affecting && releases < RELEASE_FEWEST)
                return not_evaluated(c, ret, true,
                                     arena_printf(c->arena,
                                                  "only %d advisories of %s here, too few to call a"
                                                  " package clean",
                                                  releases, ecosystem));
        ret->outcome = MATCH_EVALUATED;
        return c->affecting ? group_bugs(c, ret) : 0;
}

int advisory_match(struct advisory_db *db, const struct match_query *query, struct arena *a,
                   struct match *ret, struct error *error)
{
        struct match_context c = {
                .scratch = ARENA_INIT(256 << 20),
                .db = db,
                .query = query,
                .arena = a,
                .error = error,
                .version = span_trim(span_of(query->version)),
        };
        struct match m = {};
        const char *ecosystem = query->release && *query->release
                                        ? arena_printf(a, "%s:%s", query->ecosystem, query->release)
                                        : arena_strdup(a, query->ecosystem);
        c.base = ecosystem ? arena_strndup(a, ecosystem, ecosystem_size(ecosystem)) : NULL;
        if (!c.base)
                return error_set(error, -ENOMEM, "out of memory");
        c.scheme = version_scheme_of(c.base);
        for (size_t i = 0; i < ARRAY_SIZE(distributions); i++)
                c.distribution = c.distribution || !strcmp(distributions[i], c.base);
        int r = evaluate(&c, ecosystem, &m);
        vec_done(&c.hits);
        arena_done(&c.scratch);
        if (r < 0)
                return r;
        *ret = m;
        return 0;
}
