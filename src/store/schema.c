/* SPDX-License-Identifier: Apache-2.0 */

/* A schema is the sum of its steps: a new file walks the same way that an old one does, so there is no
 * second description that could differ. Steps are never changed once released, only added. */

#include "store/schema.h"

#include <errno.h>

#define STORE_APPLICATION 0x55736577 /* "Usew": PRAGMA application_id */

static const char *const steps[] = {
        /* 1 */
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
        "CREATE TABLE root (id TEXT PRIMARY KEY, description TEXT, sequence INTEGER NOT NULL DEFAULT 0,"
        "  last INTEGER NOT NULL) WITHOUT ROWID;"
        /* Workload ids, package keys and file paths repeat thousands of times. */
        "CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
        "CREATE TABLE package (key INTEGER PRIMARY KEY REFERENCES name, root TEXT NOT NULL,"
        "  ecosystem TEXT NOT NULL, release TEXT, name TEXT NOT NULL, version TEXT, arch TEXT, source TEXT,"
        "  source_version TEXT, path TEXT, runtimes INTEGER NOT NULL, stale INTEGER NOT NULL,"
        "  not_evaluated TEXT, installed INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);"
        "CREATE INDEX package_root ON package (root, installed);"
        "CREATE TABLE workload (id INTEGER NOT NULL REFERENCES name, root TEXT NOT NULL,"
        "  kind INTEGER NOT NULL, name TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
        "  running INTEGER NOT NULL, processes INTEGER NOT NULL, unreadable INTEGER NOT NULL,"
        "  runtimes INTEGER NOT NULL,"
        "  exposed INTEGER NOT NULL, exposed_after INTEGER NOT NULL, exposed_since INTEGER NOT NULL,"
        "  exposed_engine TEXT, exposed_reason TEXT,"
        "  privileged INTEGER NOT NULL, privileged_after INTEGER NOT NULL, privileged_since INTEGER NOT NULL,"
        "  privileged_engine TEXT, privileged_reason TEXT, PRIMARY KEY (id, root)) WITHOUT ROWID;"
        "CREATE TABLE instance (workload INTEGER NOT NULL, root TEXT NOT NULL, text TEXT NOT NULL,"
        "  last INTEGER NOT NULL, PRIMARY KEY (workload, root, text)) WITHOUT ROWID;"
        "CREATE TABLE evidence (workload INTEGER NOT NULL, package INTEGER NOT NULL, kind INTEGER NOT NULL,"
        "  subject INTEGER NOT NULL, object INTEGER NOT NULL, engine INTEGER NOT NULL, pid INTEGER NOT NULL,"
        "  first INTEGER NOT NULL, last INTEGER NOT NULL, after INTEGER NOT NULL, stale INTEGER NOT NULL,"
        "  PRIMARY KEY (workload, package, kind, subject, object, engine)) WITHOUT ROWID;"
        "CREATE INDEX evidence_package ON evidence (package, kind);"
        "CREATE INDEX evidence_object ON evidence (object);"
        "CREATE TABLE coverage (id INTEGER PRIMARY KEY, workload INTEGER NOT NULL, root TEXT NOT NULL,"
        "  runtime INTEGER NOT NULL, engine TEXT, reason TEXT, since INTEGER NOT NULL,"
        "  until INTEGER NOT NULL, gaps TEXT);"
        "CREATE INDEX coverage_place ON coverage (workload, root, runtime, until);",
        /* 2: losses are part of the history */
        "CREATE TABLE loss (what TEXT PRIMARY KEY, count INTEGER NOT NULL, first INTEGER NOT NULL,"
        "  last INTEGER NOT NULL) WITHOUT ROWID;",
        /* 3: what the silence of single functions means */
        "CREATE TABLE function_coverage (workload INTEGER NOT NULL, package INTEGER NOT NULL,"
        "  object INTEGER NOT NULL, subject INTEGER NOT NULL, engine INTEGER NOT NULL, reason TEXT,"
        "  since INTEGER NOT NULL, until INTEGER NOT NULL, gaps TEXT,"
        "  PRIMARY KEY (workload, package, object, subject, engine)) WITHOUT ROWID;",
        /* 4: how sure it is that a package is what it is called */
        "ALTER TABLE package ADD COLUMN method INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE package ADD COLUMN confidence INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE package ADD COLUMN detail TEXT;"
        "ALTER TABLE package ADD COLUMN owner TEXT;",
        /* 5: what a look fell short of */
        "CREATE TABLE doubt (workload TEXT NOT NULL, package TEXT NOT NULL, subject TEXT NOT NULL,"
        "  reason TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
        "  PRIMARY KEY (workload, package, subject)) WITHOUT ROWID;"
        "CREATE TABLE look_limit (number INTEGER PRIMARY KEY, text TEXT NOT NULL);",
        /* 6: what else decides which advisories speak for a package */
        "ALTER TABLE package ADD COLUMN module TEXT;"
        "ALTER TABLE package ADD COLUMN extended INTEGER NOT NULL DEFAULT 0;",
        /* 7: files that are not probed any more */
        "CREATE TABLE spared_file (object TEXT PRIMARY KEY, path TEXT NOT NULL, program TEXT NOT NULL,"
        "  reason TEXT NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID;",
};

const int store_schema_version = ARRAY_SIZE(steps);

static int read_pragma(struct store *s, const char *sql, int *ret, struct error *error)
{
        sqlite3_stmt *q = NULL;
        int r = 0;
        if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
                r = store_fail(s, error, "cannot read");
        else
                *ret = sqlite3_column_int(q, 0);
        sqlite3_finalize(q);
        return r;
}

int schema_check(struct store *s, int *ret_version, struct error *error)
{
        int application = 0, version = 0, tables = 0;
        int r = read_pragma(s, "PRAGMA application_id", &application, error);
        if (r == 0)
                r = read_pragma(s, "PRAGMA user_version", &version, error);
        if (r == 0)
                r = read_pragma(s, "SELECT count(*) FROM sqlite_schema", &tables, error);
        if (r < 0)
                return r;
        if (application != STORE_APPLICATION && (tables || version || application))
                return error_set(error, -EBADMSG, "%s is a database of another program; move it away",
                                 s->path);
        if (version > store_schema_version)
                return error_set(error, -EPROTO,
                                 "%s was written by a newer Usewear (schema %d, this one knows %d): use that "
                                 "version, or move the file away to begin a new history",
                                 s->path, version, store_schema_version);
        if (version < 0 || (application == STORE_APPLICATION && (!version || !tables)))
                return error_set(
                        error, -EBADMSG,
                        "%s is corrupt: restore it from a copy, or move it away to begin a new history",
                        s->path);
        *ret_version = version;
        return 0;
}

/* All steps in one transaction: a migration that is cut off has not happened. */
int schema_migrate(struct store *s, struct error *error)
{
        int version;
        int r = store_run(s, "BEGIN IMMEDIATE", error, "cannot write");
        if (r < 0)
                return r;
        r = schema_check(s, &version, error); /* another process may have been quicker */
        for (int i = version; r == 0 && i < store_schema_version; i++)
                r = store_run(s, steps[i], error, "cannot bring its schema up to date in");
        char stamp[96];
        sqlite3_snprintf(sizeof(stamp), stamp, "PRAGMA application_id=%d; PRAGMA user_version=%d",
                         STORE_APPLICATION, store_schema_version);
        if (r == 0 && version < store_schema_version)
                r = store_run(s, stamp, error, "cannot write");
        if (r == 0)
                r = store_run(s, "COMMIT", error, "cannot write");
        if (r < 0)
                sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return r;
}
