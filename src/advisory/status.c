/* SPDX-License-Identifier: Apache-2.0 */
/* What the database holds, one row a source, so that every report can say what it rests on. */
#include "advisory/database.h"

#include "base/clock.h"

#include <errno.h>

static const char sql_status[] =
        "SELECT ecosystem, CASE ecosystem WHEN 'KEV' THEN (SELECT COUNT(*) FROM kev)"
        " WHEN 'EPSS' THEN (SELECT COUNT(*) FROM epss)"
        " ELSE (SELECT COUNT(*) FROM held WHERE held.source = source.id) END,"
        " newest, imported, path FROM source ORDER BY ecosystem IN ('KEV', 'EPSS'), ecosystem";

static const char *copy_text(sqlite3_stmt *s, int column, struct arena *a)
{
        const char *text = (const char *)sqlite3_column_text(s, column);
        return arena_strdup(a, text ? text : "");
}

int advisory_status(struct advisory_db *db, struct arena *a, advisory_source_list *ret, struct error *error)
{
        sqlite3_stmt *s = NULL;
        advisory_source_list list = {};
        int code = sqlite3_prepare_v2(db->sql, sql_status, -1, &s, NULL);
        while (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
                struct advisory_source *source = vec_add(&list);
                if (source)
                        *source = (struct advisory_source){
                                .ecosystem = copy_text(s, 0, a),
                                .records = (uint64_t)sqlite3_column_int64(s, 1),
                                .newest = sqlite3_column_int64(s, 2),
                                .imported = sqlite3_column_int64(s, 3),
                                .source = copy_text(s, 4, a),
                        };
                code = source && source->ecosystem && source->source ? SQLITE_OK : SQLITE_NOMEM;
        }
        sqlite3_finalize(s);
        if (code != SQLITE_DONE) {
                vec_done(&list);
                return database_error(db, code, "reading", error);
        }
        *ret = list;
        return 0;
}

int advisory_confirm(struct advisory_db *db, const char *ecosystem, struct error *error)
{
        sqlite3_stmt *s = database_statement(db, SOURCE_CONFIRM);
        if (s) {
                sqlite3_bind_int64(s, 1, clock_wall());
                bind_text(s, 2, ecosystem);
        }
        return database_step(db, s, "confirming", error);
}

int advisory_remark(struct advisory_db *db, const char *name, struct arena *a, const char **ret,
                    struct error *error)
{
        sqlite3_stmt *get = database_statement(db, META_GET);
        if (get)
                bind_text(get, 1, name);
        int code = get ? sqlite3_step(get) : sqlite3_errcode(db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(db, code, "reading", error);
        const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(get, 0) : NULL;
        const char *copy = arena_strdup(a, text);
        statement_reset(&get);
        if (text && !copy)
                return error_set(error, -ENOMEM, "out of memory");
        *ret = copy;
        return 0;
}

int advisory_remark_set(struct advisory_db *db, const char *name, const char *value, struct error *error)
{
        sqlite3_stmt *set = database_statement(db, META_SET);
        if (set) {
                bind_text(set, 1, name);
                bind_text(set, 2, value);
        }
        return database_step(db, set, "storing", error);
}
