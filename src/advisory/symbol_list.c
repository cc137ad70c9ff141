/* SPDX-License-Identifier: Apache-2.0 */
/* Every function that anybody names, one after the other: what the records say, then the project's own table.
 * Nothing is judged here; which of them support a negative, `bug_roots` in roots.c says. */
#include "advisory/match.h"
#include "advisory/symbol_line.h"

#include <errno.h>
#include <strings.h>

enum { LINE_MEMORY = 16 << 20 };

struct listing {
        const struct symbol_query *query;
        const struct symbol_watch *watch;
};

static bool is_asked(const struct symbol_query *q, const char *id)
{
        for (size_t i = 0; i < q->id_count; i++)
                if (!strcasecmp(q->ids[i], id))
                        return true;
        return false;
}

/* ---- records ----------------------------------------------------------------------------------------- */
static int tell_lines(const struct listing *l, struct listed_symbol *s, const char *lines, struct arena *a)
{
        struct span rest = span_of(lines);
        struct symbol_line line;
        int r = 0;
        while (r == 0 && symbol_line_next(&rest, &line)) {
                if (!line.function.size)
                        continue;
                r = symbol_copy(&line, s->advisory, a, &s->symbol);
                if (r == 0)
                        r = l->watch->symbol(l->watch->context, s);
        }
        return r;
}

static int tell_row(const struct listing *l, sqlite3_stmt *row)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(LINE_MEMORY);
        const char *id = (const char *)sqlite3_column_text(row, 0),
                   *name = (const char *)sqlite3_column_text(row, 3);
        const struct symbol_query *q = l->query;
        if (!id || !name || (q->ids && !is_asked(q, id)) || (q->package && strcasecmp(q->package, name)))
                return 0;
        struct listed_symbol s = {.advisory = arena_strdup(&a, id),
                                  .aliases = arena_strdup(&a, (const char *)sqlite3_column_text(row, 1)),
                                  .ecosystem = arena_strdup(&a, (const char *)sqlite3_column_text(row, 2)),
                                  .package = arena_strdup(&a, name)};
        if (!s.advisory || !s.ecosystem || !s.package)
                return -ENOMEM;
        return tell_lines(l, &s, (const char *)sqlite3_column_text(row, 4), &a);
}

static int tell_records(struct advisory_db *db, const struct listing *l, struct error *error)
{
        sqlite3_stmt *rows = database_statement(db, SYMBOLS_ALL);
        int r = 0, code = rows ? SQLITE_OK : sqlite3_errcode(db->sql);
        while (rows && r == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
                r = tell_row(l, rows);
        statement_reset(&rows);
        if (r == 0 && code != SQLITE_DONE)
                return database_error(db, code, "reading", error);
        return r;
}

/* ---- the own table ----------------------------------------------------------------------------------- */
/* "CVE-1 GHSA-2" → the first, and the others as lines. */
static int split_ids(const char *ids, struct arena *a, struct listed_symbol *s)
{
        size_t size = strcspn(ids, " ");
        s->advisory = arena_strndup(a, ids, size);
        char *others = ids[size] ? arena_strdup(a, ids + size + 1) : NULL;
        if (!s->advisory || (ids[size] && !others))
                return -ENOMEM;
        for (char *c = others; c && *c; c++)
                if (*c == ' ')
                        *c = '\n';
        s->aliases = others;
        return 0;
}

static int tell_own(void *context, const struct symbol_record *record, struct arena *a)
{
        const struct listing *l = context;
        struct span package = span_of(record->package), ids = span_of(record->ids), ecosystem, id;
        struct listed_symbol s = {};
        span_cut(&package, ' ', &ecosystem);
        s.ecosystem = arena_strndup(a, ecosystem.data, ecosystem.size);
        s.package = arena_strndup(a, package.data, package.size);
        int r = s.ecosystem && s.package ? split_ids(record->ids, a, &s) : -ENOMEM;
        bool asked = !l->query->ids;
        while (r == 0 && !asked && span_cut(&ids, ' ', &id)) {
                const char *text = arena_strndup(a, id.data, id.size);
                asked = text && is_asked(l->query, text);
        }
        if (r < 0 || !asked || (l->query->package && strcasecmp(l->query->package, s.package)))
                return r;
        for (size_t i = 0; r == 0 && i < record->symbol_count; i++) {
                s.symbol = record->symbols[i];
                r = l->watch->symbol(l->watch->context, &s);
        }
        return r;
}

int advisory_symbol_list(struct advisory_db *db, const struct symbol_query *query,
                         const struct symbol_watch *watch, struct error *error)
{
        struct listing l = {query, watch};
        int r = tell_records(db, &l, error);
        if (r == 0)
                r = symbol_records_each(tell_own, &l);
        return r == -ENOMEM ? error_set(error, r, "out of memory") : r;
}
