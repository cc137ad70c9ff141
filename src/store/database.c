/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever SQLite says becomes one of a few errors with a sentence that tells what to do; nothing else of
 * this room knows SQLite's codes. */

#include "store/database.h"

#include <errno.h>

int store_fail_code(struct store *s, int code, struct error *error, const char *doing)
{
        int system = s->db ? sqlite3_system_errno(s->db) : 0;
        switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return error_set(error, -EBUSY,
                                 "%s %s: another process has it locked; try again when it is done", doing,
                                 s->path);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_SCHEMA:
        case SQLITE_ERROR: /* a table or column is not what it should be */
                return error_set(error, -EBADMSG,
                                 "%s %s: it is corrupt; restore it from a copy, or move it away to begin a "
                                 "new history",
                                 doing, s->path);
        case SQLITE_FULL:
                return error_set(error, -ENOSPC, "%s %s: the disk is full; what was seen is not stored",
                                 doing, s->path);
        case SQLITE_READONLY:
                return error_set(error, -EROFS,
                                 "%s %s: it is read-only; choose another folder with --state DIR", doing,
                                 s->path);
        case SQLITE_NOMEM:
                return error_set(error, -ENOMEM, "%s %s: out of memory", doing, s->path);
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return error_set(error, -EACCES,
                                 "%s %s: no permission; run as its owner or choose another folder with "
                                 "--state DIR",
                                 doing, s->path);
        case SQLITE_IOERR:
                if (system == ENOSPC || system == EDQUOT)
                        return error_set(error, -ENOSPC,
                                         "%s %s: the disk is full; what was seen is not stored", doing,
                                         s->path);
                return error_set(error, -EIO, "%s %s: input/output error (%s); look at the disk", doing,
                                 s->path, strerror(system ? system : EIO));
        case SQLITE_TOOBIG:
                return error_set(error, -EFBIG, "%s %s: a text is too long", doing, s->path);
        default:
                return error_set(error, -EIO, "%s %s: %s", doing, s->path, sqlite3_errstr(code));
        }
}

int store_fail(struct store *s, struct error *error, const char *doing)
{
        return store_fail_code(s, s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM, error, doing);
}

int store_run(struct store *s, const char *sql, struct error *error, const char *doing)
{
        return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_fail(s, error, doing);
}

int store_step(struct store *s, sqlite3_stmt *q, struct error *error, const char *doing)
{
        int code = sqlite3_step(q);
        int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : store_fail(s, error, doing);
        sqlite3_reset(q);
        return r;
}
