/* SPDX-License-Identifier: Apache-2.0 */
/* What holds a record is its ecosystem's source. An all.zip is everything that its ecosystem has: what an
 * earlier import (or the starter set) held beyond it is let go, and a record that nothing holds any more
 * goes. Single records and folders are added to what is there, and held by their path too, so that the next
 * archive does not take them away; the same path imported again lets go what it no longer has. */
#include "advisory/import.h"

#include "base/clock.h"

#include <errno.h>
#include <zlib.h>

int import_begin(struct import *i, struct error *error)
{
        i->text = BUF_INIT(16 << 20);
        int r = database_run(i->db, "CREATE TEMP TABLE IF NOT EXISTS seen (advisory INTEGER PRIMARY KEY)",
                             "importing", error);
        if (r == 0)
                r = database_run(i->db, "BEGIN IMMEDIATE", "importing", error);
        return r < 0 ? r : database_run(i->db, "DELETE FROM temp.seen", "importing", error);
}

void import_abort(struct import *i)
{
        for (size_t n = 0; n < _STATEMENT_MAX; n++)
                statement_reset(&i->db->statements[n]);
        sqlite3_exec(i->db->sql, "ROLLBACK", NULL, NULL, NULL);
        buf_done(&i->text);
}

void import_progress(const struct import *i, uint64_t done, uint64_t total)
{
        if (i->watch && i->watch->progress && (done % 256 == 0 || done == total))
                i->watch->progress(i->watch->context, *i->folder ? i->folder : i->path, done, total);
}

int import_source(struct import *i, const char *ecosystem, int64_t newest, struct error *error)
{
        sqlite3_stmt *s = database_statement(i->db, SOURCE_PUT);
        if (s) {
                bind_text(s, 1, ecosystem);
                bind_text(s, 2, i->starter ? "starter" : i->source ? i->source : i->path);
                sqlite3_bind_int64(s, 3, clock_wall());
                sqlite3_bind_int64(s, 4, newest);
                sqlite3_bind_int(s, 5, i->starter);
        }
        return database_step(i->db, s, "booking the import", error);
}

#define BASE_OF "substr(ecosystem, 1, instr(ecosystem || ':', ':') - 1)"

/* Ecosystems of this import with the number of records, and their newest date; dates in the future are
 * mistakes and would make old data look new. */
static const char sql_ecosystems[] =
        "SELECT base, COUNT(*), MAX(newest) FILTER (WHERE newest <= CAST(strftime('%s', 'now') AS INTEGER)) "
        "FROM (SELECT DISTINCT " BASE_OF
        " AS base, advisory.rowid AS row, MAX(modified, published) AS newest FROM temp.seen JOIN affected ON "
        "affected.advisory = seen.advisory"
        " JOIN advisory ON advisory.rowid = seen.advisory) GROUP BY base ORDER BY base";

struct booked {
        char ecosystem[64];
        uint64_t records;
        int64_t newest;
};
typedef VEC(struct booked) booked_list;

static int ecosystems_read(struct import *i, booked_list *ret, struct error *error)
{
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(i->db->sql, sql_ecosystems, -1, &s, NULL);
        while (code == SQLITE_OK || code == SQLITE_ROW) {
                code = sqlite3_step(s);
                if (code != SQLITE_ROW)
                        break;
                struct booked *b = vec_add(ret);
                if (!b) {
                        code = SQLITE_NOMEM;
                        break;
                }
                const char *name = (const char *)sqlite3_column_text(s, 0);
                strncpy(b->ecosystem, name ? name : "", sizeof(b->ecosystem) - 1);
                b->records = (uint64_t)sqlite3_column_int64(s, 1);
                b->newest = sqlite3_column_int64(s, 2);
        }
        sqlite3_finalize(s);
        return code == SQLITE_DONE ? 0 : database_error(i->db, code, "booking the import", error);
}

/* The one ecosystem that an archive is of: all its records name it. Where several qualify (an archive of
 * two records) the folder's name decides; NULL: it is of none. */
static const struct booked *ecosystem_of(const struct import *i, const booked_list *list, uint64_t total)
{
        const struct booked *only = NULL;
        size_t candidates = 0;
        vec_each (b, list) {
                if (b->records != total)
                        continue;
                if (!strcmp(b->ecosystem, i->folder))
                        return b;
                only = b;
                candidates++;
        }
        return candidates == 1 ? only : NULL;
}

static int run_for(struct import *i, const char *sql, const char *ecosystem, struct error *error)
{
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(i->db->sql, sql, -1, &s, NULL);
        if (code == SQLITE_OK) {
                bind_text(s, 1, ecosystem);
                code = sqlite3_step(s);
        }
        sqlite3_finalize(s);
        return code == SQLITE_DONE ? 0 : database_error(i->db, code, "booking the import", error);
}

/* Forget what nothing holds any more of temp.let_go. */
static int drop_unheld(struct import *i, struct error *error)
{
        return database_run(i->db,
                            "DELETE FROM temp.let_go WHERE advisory IN (SELECT advisory FROM held);"
                            "DELETE FROM affected WHERE advisory IN temp.let_go;"
                            "DELETE FROM advisory WHERE rowid IN temp.let_go",
                            "booking the import", error);
}

static int let_go_begin(struct import *i, struct error *error)
{
        return database_run(i->db,
                            "CREATE TEMP TABLE IF NOT EXISTS let_go (advisory INTEGER PRIMARY KEY);"
                            "DELETE FROM temp.let_go",
                            "booking the import", error);
}

static int listed_fill(struct import *i, struct span ids, struct error *error)
{
        sqlite3_stmt *s = NULL;
        struct span line;
        int r = database_run(i->db,
                             "CREATE TEMP TABLE IF NOT EXISTS listed (id TEXT PRIMARY KEY) WITHOUT ROWID;"
                             "DELETE FROM temp.listed",
                             "booking the import", error);
        if (r < 0)
                return r;
        int code =
                sqlite3_prepare_v2(i->db->sql, "INSERT OR IGNORE INTO temp.listed VALUES (?)", -1, &s, NULL);
        while (code == SQLITE_OK && ids.size && span_cut(&ids, '\n', &line)) {
                sqlite3_bind_text64(s, 1, line.data, line.size, SQLITE_STATIC, SQLITE_UTF8);
                code = sqlite3_step(s) == SQLITE_DONE ? SQLITE_OK : sqlite3_errcode(i->db->sql);
                sqlite3_reset(s);
        }
        sqlite3_finalize(s);
        return code == SQLITE_OK ? 0 : database_error(i->db, code, "booking the import", error);
}

int import_let_go(struct import *i, const char *ecosystem, struct span ids, uint64_t *ret_removed,
                  struct error *error)
{
        int64_t removed = 0;
        int r = listed_fill(i, ids, error);
        if (r == 0)
                r = let_go_begin(i, error);
        if (r == 0)
                r = run_for(i,
                            "INSERT INTO temp.let_go SELECT advisory FROM held JOIN advisory ON"
                            " advisory.rowid = held.advisory WHERE source ="
                            " (SELECT id FROM source WHERE ecosystem = ?)"
                            " AND advisory.id NOT IN (SELECT id FROM temp.listed)",
                            ecosystem, error);
        if (r == 0)
                r = run_for(i,
                            "DELETE FROM held WHERE source = (SELECT id FROM source WHERE ecosystem = ?)"
                            " AND advisory IN temp.let_go",
                            ecosystem, error);
        if (r == 0)
                r = database_number(i->db, "SELECT COUNT(*) FROM temp.let_go", &removed, error);
        if (r == 0)
                r = drop_unheld(i, error);
        if (r == 0)
                *ret_removed = (uint64_t)removed;
        return r;
}

/* The source number of a path: negative, beside those of the table. */
static int64_t path_holder(const struct import *i)
{
        const char *path = i->source ? i->source : i->path;
        return -1 - (int64_t)crc32(0, (const unsigned char *)path, (uInt)strlen(path));
}

static int run_holder(struct import *i, const char *sql, struct error *error)
{
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(i->db->sql, sql, -1, &s, NULL);
        if (code == SQLITE_OK) {
                sqlite3_bind_int64(s, 1, path_holder(i));
                code = sqlite3_step(s);
        }
        sqlite3_finalize(s);
        return code == SQLITE_DONE ? 0 : database_error(i->db, code, "booking the import", error);
}

static int book_path(struct import *i, bool whole, struct error *error)
{
        int r = let_go_begin(i, error);
        if (r == 0)
                r = run_holder(i,
                               "INSERT INTO temp.let_go SELECT advisory FROM held WHERE source = ?"
                               " AND advisory NOT IN temp.seen",
                               error);
        if (r == 0)
                r = run_holder(i, "DELETE FROM held WHERE source = ?", error);
        if (r == 0 && !whole)
                r = run_holder(
                        i,
                        "INSERT OR IGNORE INTO held SELECT ?, seen.advisory FROM temp.seen JOIN affected"
                        " ON affected.advisory = seen.advisory",
                        error);
        return r < 0 ? r : drop_unheld(i, error);
}

static int book_complete(struct import *i, const struct booked *b, struct error *error)
{
        int r = import_source(i, b->ecosystem, i->as_of ? i->as_of : b->newest, error);
        if (r == 0)
                r = let_go_begin(i, error);
        if (r == 0)
                r = run_for(i,
                            "INSERT INTO temp.let_go SELECT advisory FROM held WHERE source ="
                            " (SELECT id FROM source WHERE ecosystem = ?) AND advisory NOT IN temp.seen",
                            b->ecosystem, error);
        if (r == 0)
                r = run_for(i,
                            "DELETE FROM held WHERE source = (SELECT id FROM source WHERE ecosystem = ?)"
                            " AND advisory IN temp.let_go",
                            b->ecosystem, error);
        if (r == 0)
                r = run_for(i,
                            "INSERT OR IGNORE INTO held SELECT (SELECT id FROM source WHERE ecosystem = ?),"
                            " advisory FROM temp.seen",
                            b->ecosystem, error);
        if (r == 0)
                r = drop_unheld(i, error);
        return r;
}

static int book_added(struct import *i, const struct booked *b, struct error *error)
{
        int64_t newest = b->newest;
        sqlite3_stmt *get = database_statement(i->db, SOURCE_GET);
        if (get)
                bind_text(get, 1, b->ecosystem);
        int code = get ? sqlite3_step(get) : sqlite3_errcode(i->db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(i->db, code, "booking the import", error);
        if (code == SQLITE_ROW)
                newest = MAX(newest, sqlite3_column_int64(get, 2));
        statement_reset(&get);
        int r = import_source(i, b->ecosystem, newest, error);
        return r < 0 ? r
                     : run_for(i,
                               "INSERT OR IGNORE INTO held SELECT (SELECT id FROM source WHERE ecosystem = "
                               "?1),"
                               " seen.advisory FROM temp.seen JOIN affected ON affected.advisory = "
                               "seen.advisory"
                               " WHERE " BASE_OF " = ?1",
                               b->ecosystem, error);
}

int import_end(struct import *i, bool complete, struct error *error)
{
        booked_list list = {};
        int64_t total = 0;
        int r = ecosystems_read(i, &list, error);
        if (r == 0)
                r = database_number(i->db,
                                    "SELECT COUNT(DISTINCT affected.advisory) FROM temp.seen JOIN affected"
                                    " ON affected.advisory = seen.advisory",
                                    &total, error);
        const struct booked *whole =
                r == 0 && complete && total ? ecosystem_of(i, &list, (uint64_t)total) : NULL;
        if (whole)
                r = book_complete(i, whole, error);
        vec_each (b, &list)
                if (r == 0 && !whole)
                        r = book_added(i, b, error);
        if (r == 0 && i->holds)
                r = book_path(i, whole != NULL, error);
        vec_done(&list);
        if (r == 0)
                r = database_run(i->db, "COMMIT", "importing", error);
        if (r == 0)
                buf_done(&i->text);
        return r;
}
