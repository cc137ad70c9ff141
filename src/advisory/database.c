/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement of the room has its text in one table here, next to the schema that it speaks to. */
#include "advisory/database.h"

#include <errno.h>

static const char *const texts[_STATEMENT_MAX] = {
        [META_GET] = "SELECT value FROM meta WHERE name = ?",
        [META_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
        [RECORD_BY_DIGEST] = "SELECT rowid FROM advisory WHERE digest = ?",
        [RECORD_BY_ID] = "SELECT rowid, modified FROM advisory WHERE id = ?",
        [RECORD_INSERT] =
                "INSERT INTO advisory (id, digest, modified, published, withdrawn, aliases, upstream,"
                " related, severity, rating) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [RECORD_UPDATE] =
                "UPDATE advisory SET id = ?, digest = ?, modified = ?, published = ?, withdrawn = ?,"
                " aliases = ?, upstream = ?, related = ?, severity = ?, rating = ? WHERE rowid = ?",
        [AFFECTED_DELETE] = "DELETE FROM affected WHERE advisory = ?",
        [AFFECTED_SYMBOLS] = "SELECT symbols FROM affected WHERE advisory = ? AND symbols IS NOT NULL",
        [AFFECTED_INSERT] =
                "INSERT INTO affected (advisory, ecosystem, name, ranges, versions, severity, symbols,"
                " urgency, doubt, module) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [SEEN_INSERT] = "INSERT OR IGNORE INTO temp.seen (advisory) VALUES (?)",
        [SOURCE_PUT] =
                "INSERT INTO source (ecosystem, path, imported, newest, starter) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (ecosystem) DO UPDATE SET path = excluded.path,"
                " imported = excluded.imported, newest = excluded.newest, starter = excluded.starter",
        [SOURCE_CONFIRM] = "UPDATE source SET imported = ? WHERE ecosystem = ?",
        [KEV_INSERT] = "INSERT OR REPLACE INTO kev (cve, added, due, ransomware) VALUES (?, ?, ?, ?)",
        [KEV_GET] = "SELECT added, due, ransomware FROM kev WHERE cve = ?",
        [EPSS_INSERT] = "INSERT OR REPLACE INTO epss (cve, score, percentile) VALUES (?, ?, ?)",
        [EPSS_GET] = "SELECT score, percentile FROM epss WHERE cve = ?",
        [SOURCE_GET] = "SELECT path, imported, newest, starter FROM source WHERE ecosystem = ?",
        [RELEASE_COUNT] = "SELECT COUNT(*) FROM (SELECT DISTINCT advisory FROM affected WHERE ecosystem = ?"
                          " LIMIT ?)",
        [STREAMS_GET] = "SELECT DISTINCT ecosystem FROM affected WHERE ecosystem > ? AND ecosystem < ?",
        [PACKAGE_ROWS] =
                "SELECT advisory, ranges, versions, affected.severity, symbols, urgency, doubt, id, modified,"
                " aliases, upstream, related, advisory.severity, rating, module"
                " FROM affected JOIN advisory ON advisory.rowid = affected.advisory"
                " WHERE ecosystem = ? AND name = ?",
        [NAMING_GET] = "SELECT rowid, id, modified, published, withdrawn, aliases, severity, rating,"
                       " id = ?1 OR instr(char(10) || aliases, char(10) || ?1 || char(10)) FROM advisory"
                       " WHERE id = ?1 OR instr(char(10) || aliases, char(10) || ?1 || char(10))"
                       " OR instr(char(10) || upstream, char(10) || ?1 || char(10))"
                       " OR instr(char(10) || related, char(10) || ?1 || char(10)) ORDER BY id",
        [AFFECTED_GET] = "SELECT ecosystem, name, ranges, versions, severity, symbols, urgency FROM affected"
                         " WHERE advisory = ? ORDER BY ecosystem, name",
        [SYMBOLS_ALL] = "SELECT id, aliases, ecosystem, name, symbols FROM affected JOIN advisory ON"
                        " advisory.rowid = affected.advisory WHERE symbols IS NOT NULL AND NOT withdrawn"
                        " ORDER BY id, ecosystem, name",
        [ALIASES_GET] = "SELECT aliases FROM advisory WHERE id = ? AND NOT withdrawn",
};

static int errno_of(int code)
{
        switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EBADMSG;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CANTOPEN:
                return -EACCES;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_TOOBIG:
                return -EFBIG;
        default:
                return -EIO;
        }
}

int database_error(struct advisory_db *db, int code, const char *doing, struct error *error)
{
        const char *path = db->path ? db->path : "advisory database in memory";
        int r = errno_of(code);
        switch (r) {
        case -EBUSY:
                return error_set(error, r, "%s: %s is in use by another import; wait until it is done", doing,
                                 path);
        case -EBADMSG:
                return error_set(error, r,
                                 "%s: %s is damaged or no advisory database; move it away and import again",
                                 doing, path);
        case -ENOSPC:
                return error_set(error, r, "%s: no space left for %s; nothing of it was changed", doing,
                                 path);
        case -EROFS:
                return error_set(error, r, "%s: %s cannot be written; check its rights", doing, path);
        case -EACCES:
                return error_set(error, r, "%s: cannot open %s; check the folder and its rights", doing,
                                 path);
        default:
                return error_set(error, r, "%s: %s: %s", doing, path,
                                 db->sql ? sqlite3_errmsg(db->sql) : sqlite3_errstr(code));
        }
}

int database_run(struct advisory_db *db, const char *sql, const char *doing, struct error *error)
{
        int code = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : database_error(db, code, doing, error);
}

sqlite3_stmt *database_statement(struct advisory_db *db, enum statement which)
{
        sqlite3_stmt **slot = &db->statements[which];
        if (!*slot &&
            sqlite3_prepare_v3(db->sql, texts[which], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
                return NULL;
        statement_reset(slot);
        return *slot;
}

int database_step(struct advisory_db *db, sqlite3_stmt *statement, const char *doing, struct error *error)
{
        int code = statement ? sqlite3_step(statement) : sqlite3_errcode(db->sql);
        int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : database_error(db, code, doing, error);
        statement_reset(&statement);
        return r;
}

int database_number(struct advisory_db *db, const char *sql, int64_t *ret, struct error *error)
{
        sqlite3_stmt *s = NULL;
        int code = sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(s);
        if (code == SQLITE_ROW)
                *ret = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        return code == SQLITE_ROW ? 0 : database_error(db, code, "reading", error);
}
