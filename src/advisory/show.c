/* SPDX-License-Identifier: Apache-2.0 */
/* One bug, from any of its names outwards: records that call themselves or each other by a known name are
 * walked until no name is new. A record that names several CVEs is listed and not followed, as in matching.
 */
#include "advisory/match.h"

#include <errno.h>

enum { IDS_MAX = 64, RECORDS_MAX = 5000, AFFECTED_MAX = 100000 };

struct showing {
        struct match_context context;
        struct shown_bug *to;
        struct map known;     /* ids walked or to be walked */
        VEC(int64_t) rows;    /* one a record */
        VEC(struct hit) hits; /* of all affected entries, for symbols */
        size_t affected;
};

static int id_add(struct showing *s, const char *id)
{
        if (map_get_str(&s->known, id) || s->to->ids.count >= IDS_MAX)
                return 0;
        const char *copy = arena_strdup(s->context.arena, id);
        const char **slot = copy ? vec_add(&s->to->ids) : NULL;
        if (!slot)
                return -ENOMEM;
        *slot = copy;
        return map_put_str(&s->known, copy, (void *)copy);
}

static size_t cves_in(const char *list)
{
        struct span rest = span_of(list), line;
        size_t count = 0;
        while (line_next(&rest, &line))
                count += span_starts(line, "CVE-");
        return count;
}

static bool row_known(const struct showing *s, int64_t row)
{
        for (size_t i = 0; i < s->rows.count; i++)
                if (s->rows.items[i] == row)
                        return true;
        return false;
}

static const char *column(struct showing *s, sqlite3_stmt *statement, int index, bool *failed)
{
        const char *text = (const char *)sqlite3_column_text(statement, index);
        const char *copy = arena_strdup(s->context.arena, text);
        *failed = *failed || (text && !copy);
        return copy;
}

static int record_take(struct showing *s, sqlite3_stmt *statement, struct hit *ret_hit)
{
        bool failed = false;
        const char *aliases = (const char *)sqlite3_column_text(statement, 5);
        bool own = sqlite3_column_int(statement, 8) && cves_in(aliases) <= 1;
        int64_t *row = vec_add(&s->rows);
        struct shown_record *r = row ? vec_add(&s->to->records) : NULL;
        if (!r)
                return -ENOMEM;
        *row = sqlite3_column_int64(statement, 0);
        *ret_hit = (struct hit){
                .id = column(s, statement, 1, &failed),
                .record_severity = column(s, statement, 6, &failed),
                .rating = column(s, statement, 7, &failed),
                .affected = true,
        };
        *r = (struct shown_record){
                .id = ret_hit->id,
                .modified = sqlite3_column_int64(statement, 2),
                .published = sqlite3_column_int64(statement, 3),
                .withdrawn = sqlite3_column_int(statement, 4),
                .other = !own,
        };
        if (failed || severity_read(ret_hit, s->context.arena, &r->severity) < 0)
                return -ENOMEM;
        int result = own ? id_add(s, r->id) : 0;
        struct span rest = span_of(own ? aliases : NULL), line;
        while (result == 0 && line_next(&rest, &line)) {
                char *alias = arena_strndup(s->context.arena, line.data, line.size);
                result = alias ? id_add(s, alias) : -ENOMEM;
        }
        return result;
}

static int affected_read(struct showing *s, size_t record, const struct hit *of)
{
        sqlite3_stmt *statement = database_statement(s->context.db, AFFECTED_GET);
        if (statement)
                sqlite3_bind_int64(statement, 1, s->rows.items[record]);
        int code = statement ? SQLITE_OK : sqlite3_errcode(s->context.db->sql);
        bool failed = false;
        while (statement && !failed && s->affected < AFFECTED_MAX &&
               (code = sqlite3_step(statement)) == SQLITE_ROW) {
                struct shown_record *r = &s->to->records.items[record];
                struct shown_affected *a = vec_add(&r->affected);
                struct hit *hit = a ? vec_add(&s->hits) : NULL;
                if (!hit) {
                        failed = true;
                        break;
                }
                s->affected++;
                *a = (struct shown_affected){
                        .ecosystem = column(s, statement, 0, &failed),
                        .name = column(s, statement, 1, &failed),
                        .ranges = column(s, statement, 2, &failed),
                        .version_list = column(s, statement, 3, &failed),
                        .urgency = column(s, statement, 6, &failed),
                };
                *hit = *of;
                hit->severity = column(s, statement, 4, &failed);
                hit->symbols = column(s, statement, 5, &failed);
                if (!failed && severity_read(of, s->context.arena, &r->severity) == 0)
                        failed = severity_read(hit, s->context.arena, &r->severity) < 0;
        }
        statement_reset(&statement);
        if (failed)
                return -ENOMEM;
        return code == SQLITE_DONE || code == SQLITE_ROW
                       ? 0
                       : database_error(s->context.db, code, "reading", s->context.error);
}

static int records_naming(struct showing *s, const char *id)
{
        VEC(struct hit) found = {};
        size_t first = s->rows.count;
        sqlite3_stmt *statement = database_statement(s->context.db, NAMING_GET);
        if (statement)
                bind_text(statement, 1, id);
        int r = 0, code = statement ? SQLITE_OK : sqlite3_errcode(s->context.db->sql);
        while (statement && r == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
                if (row_known(s, sqlite3_column_int64(statement, 0)) || s->rows.count >= RECORDS_MAX)
                        continue;
                struct hit *hit = vec_add(&found);
                r = hit ? record_take(s, statement, hit) : -ENOMEM;
        }
        statement_reset(&statement);
        if (r == 0 && code != SQLITE_DONE)
                r = database_error(s->context.db, code, "reading", s->context.error);
        for (size_t i = 0; r == 0 && i < found.count; i++)
                r = affected_read(s, first + i, &found.items[i]);
        vec_done(&found);
        return r;
}

static int fill_bug(struct showing *s)
{
        struct bug *bug = &s->to->bug;
        size_t count = s->to->ids.count;
        qsort(s->to->ids.items, count, sizeof(*s->to->ids.items), id_compare);
        bug->id = s->to->ids.items[0];
        bug->aliases = s->to->ids.items + 1;
        bug->alias_count = count - 1;
        const struct hit **hits = arena_alloc(s->context.arena, (s->hits.count + 1) * sizeof(*hits));
        if (!hits)
                return -ENOMEM;
        for (size_t i = 0; i < s->hits.count; i++)
                hits[i] = &s->hits.items[i];
        int r = bug_symbols(&s->context, hits, s->hits.count, bug);
        if (r == 0)
                r = bug_join_symbols(&s->context, bug);
        return r < 0 ? r : bug_exploitation(&s->context, bug);
}

int advisory_show(struct advisory_db *db, const char *id, struct arena *a, struct shown_bug *ret,
                  struct error *error)
{
        struct showing s = {.context = {.db = db, .arena = a, .error = error}, .to = ret};
        char upper[64];
        size_t size = strlen(id);
        if (size < sizeof(upper) && !strncasecmp(id, "cve-", 4)) {
                for (size_t i = 0; i <= size; i++)
                        upper[i] = id[i] >= 'a' && id[i] <= 'z' ? (char)(id[i] - 32) : id[i];
                id = upper;
        }
        int r = id_add(&s, id);
        for (size_t i = 0; r == 0 && i < ret->ids.count; i++)
                r = records_naming(&s, ret->ids.items[i]);
        if (r == 0 && !ret->records.count)
                r = error_set(error, -ENOENT,
                              "no advisory has the id %s; see usewear db status for what there is", id);
        if (r == 0)
                r = fill_bug(&s);
        map_done(&s.known);
        vec_done(&s.rows);
        vec_done(&s.hits);
        return r == -ENOMEM ? error_set(error, r, "out of memory") : r;
}

void shown_bug_done(struct shown_bug *b)
{
        vec_each (r, &b->records)
                vec_done(&r->affected);
        vec_done(&b->records);
        vec_done(&b->ids);
}
