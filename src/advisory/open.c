/* SPDX-License-Identifier: Apache-2.0 */
/* Opening is where all states of the file are told apart: missing, empty, ours, older, newer, foreign,
 * damaged, locked, not writable. Reading opens read-only; only where the file must first be made or brought
 * forward is it opened for writing, and where that is not allowed the starter set is loaded into memory. */
#include "advisory/database.h"

#include "base/file.h"
#include "format/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* Each step brings the schema one version forward; their number is the version. */
static const char *const migrations[] = {
        /* 1. Lists are lines of text. `ranges`: one event a line ("i0", "f1.2", "l1.1", "u*"), sorted, an
         * empty line between ranges. `symbols`: kind, container and function, separated by tabs
         * (symbol_line.h). */
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE source (id INTEGER PRIMARY KEY, ecosystem TEXT NOT NULL UNIQUE, path TEXT NOT NULL,"
        " imported INTEGER NOT NULL, newest INTEGER NOT NULL, starter INTEGER NOT NULL);"
        "CREATE TABLE advisory (id TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, modified INTEGER NOT NULL,"
        " published INTEGER NOT NULL, withdrawn INTEGER NOT NULL, aliases TEXT, upstream TEXT, related TEXT,"
        " severity TEXT, rating TEXT);"
        "CREATE INDEX advisory_digest ON advisory (digest);"
        "CREATE TABLE held (source INTEGER NOT NULL, advisory INTEGER NOT NULL, PRIMARY KEY (source, "
        "advisory))"
        " WITHOUT ROWID;"
        "CREATE INDEX held_advisory ON held (advisory);"
        "CREATE TABLE affected (advisory INTEGER NOT NULL, ecosystem TEXT NOT NULL, name TEXT NOT NULL,"
        " ranges TEXT, versions TEXT, severity TEXT, symbols TEXT, urgency TEXT, doubt INTEGER NOT NULL);"
        "CREATE INDEX affected_package ON affected (ecosystem, name);"
        "CREATE INDEX affected_advisory ON affected (advisory);"
        "CREATE TABLE kev (cve TEXT PRIMARY KEY, added TEXT NOT NULL, due TEXT, ransomware INTEGER NOT NULL)"
        " WITHOUT ROWID;"
        "CREATE TABLE epss (cve TEXT PRIMARY KEY, score REAL NOT NULL, percentile REAL NOT NULL) WITHOUT "
        "ROWID;",
        /* 2. RPM's module and stream: "nodejs:18". What was stored without it is imported anew
         * (VERSION_REVISION). */
        "ALTER TABLE affected ADD COLUMN module TEXT;",
};

enum { SCHEMA_VERSION = ARRAY_SIZE(migrations), APPLICATION_ID = 0x55736577 /* "Usew" */ };

static int connect(struct advisory_db *db, const char *name, int flags, struct error *error)
{
        int code = sqlite3_open_v2(name, &db->sql, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        if (code == SQLITE_OK) {
                sqlite3_busy_timeout(db->sql, 3000);
                sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
                code = sqlite3_exec(db->sql, "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8000", NULL,
                                    NULL, NULL);
        }
        return code == SQLITE_OK ? 0 : database_error(db, code, "opening", error);
}

static void disconnect(struct advisory_db *db)
{
        for (size_t i = 0; i < _STATEMENT_MAX; i++) {
                sqlite3_finalize(db->statements[i]);
                db->statements[i] = NULL;
        }
        sqlite3_close(db->sql);
        db->sql = NULL;
}

/* 1: the schema is current, 0: it has to be made or brought forward, or -errno. */
static int schema_check(struct advisory_db *db, int64_t *ret_version, struct error *error)
{
        int64_t version, application, objects, foreign;
        int r = database_number(db, "PRAGMA user_version", &version, error);
        if (r == 0)
                r = database_number(db, "PRAGMA application_id", &application, error);
        if (r == 0)
                r = database_number(db, "SELECT COUNT(*) FROM sqlite_schema", &objects, error);
        if (r < 0)
                return r;
        if (objects && application != APPLICATION_ID)
                return error_set(error, -EBADMSG, "%s is no advisory database of Usewear; move it away",
                                 db->path);
        /* Ours has tables and indices only. A view in a table's place could hide rows or never end, a trigger
         * undo an import. */
        r = database_number(db,
                            "SELECT COUNT(*) FROM sqlite_schema WHERE type NOT IN ('table', 'index')"
                            " OR sql LIKE 'CREATE VIRTUAL%'",
                            &foreign, error);
        if (r < 0)
                return r;
        if (foreign)
                return error_set(error, -EBADMSG,
                                 "%s holds views, triggers or virtual tables, which Usewear does not make;"
                                 " move it away and import again",
                                 db->path);
        if (version > SCHEMA_VERSION)
                return error_set(error, -EPROTO,
                                 "%s was made by a newer Usewear (schema %lld, this one knows %d);"
                                 " update Usewear or use another --state folder",
                                 db->path, (long long)version, SCHEMA_VERSION);
        *ret_version = version;
        return version == SCHEMA_VERSION;
}

static int schema_migrate(struct advisory_db *db, int64_t from, struct error *error)
{
        char pragma[100];
        int r = 0;
        for (int64_t i = from; r == 0 && i < SCHEMA_VERSION; i++)
                r = database_run(db, migrations[i], "making the tables", error);
        snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 APPLICATION_ID, SCHEMA_VERSION);
        return r < 0 ? r : database_run(db, pragma, "making the tables", error);
}

/* Records were compacted by the order of versions that the program then had. Another order may disagree
 * with what was left out, so they go, and the starter set comes back. */
static int revision_check(struct advisory_db *db, struct error *error)
{
        char wanted[16];
        snprintf(wanted, sizeof(wanted), "%d", VERSION_REVISION);
        sqlite3_stmt *get = database_statement(db, META_GET);
        if (get)
                sqlite3_bind_text(get, 1, "versions", -1, SQLITE_STATIC);
        int code = get ? sqlite3_step(get) : sqlite3_errcode(db->sql);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return database_error(db, code, "reading", error);
        bool same = code == SQLITE_ROW && str_equal((const char *)sqlite3_column_text(get, 0), wanted);
        statement_reset(&get);
        return same;
}

static int revision_set(struct advisory_db *db, struct error *error)
{
        int r = database_run(db,
                             "DELETE FROM advisory; DELETE FROM affected; DELETE FROM held;"
                             "DELETE FROM source WHERE ecosystem NOT IN ('KEV', 'EPSS'); DELETE FROM meta",
                             "preparing", error);
        sqlite3_stmt *set = r < 0 ? NULL : database_statement(db, META_SET);
        if (set) {
                char wanted[16];
                snprintf(wanted, sizeof(wanted), "%d", VERSION_REVISION);
                bind_text(set, 1, "versions");
                sqlite3_bind_text(set, 2, wanted, -1, SQLITE_TRANSIENT);
        }
        return r < 0 ? r : database_step(db, set, "preparing", error);
}

/* Make or bring forward the tables in one transaction, then add the starter set. */
static int prepare(struct advisory_db *db, struct error *error)
{
        int64_t version;
        int r = database_run(db, "BEGIN IMMEDIATE", "opening", error);
        if (r < 0)
                return r;
        r = schema_check(db, &version, error);
        if (r == 0)
                r = schema_migrate(db, version, error);
        if (r >= 0)
                r = revision_check(db, error);
        if (r == 0)
                r = revision_set(db, error);
        if (r >= 0)
                r = database_run(db, "COMMIT", "opening", error);
        if (r < 0) {
                sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
                return r;
        }
        r = starter_current(db, error);
        return r == 0 ? starter_apply(db, error) : MIN(r, 0);
}

static int open_write(struct advisory_db *db, struct error *error)
{
        /* SQLite would make it readable for all; the state is its owner's. */
        int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return error_set(error, -errno, "cannot write %s: %s", db->path, strerror(errno));
        close(fd);
        int64_t version;
        int r = connect(db, db->path, SQLITE_OPEN_READWRITE, error);
        if (r == 0)
                r = schema_check(db, &version, error); /* before anything changes a foreign file */
        if (r >= 0)
                r = database_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", "opening",
                                 error);
        return r < 0 ? r : prepare(db, error);
}

/* 1: open and current, 0: usable only after preparation, or -errno. */
static int open_read(struct advisory_db *db, struct error *error)
{
        int64_t version;
        int r = connect(db, db->path, SQLITE_OPEN_READONLY, error);
        if (r == 0)
                r = schema_check(db, &version, error);
        if (r == -EACCES || r == -EROFS) {
                /* A folder that cannot be written has no place for the write-ahead log's index. */
                disconnect(db);
                _cleanup_free_ char *uri = NULL;
                if (asprintf(&uri, "file:%s?immutable=1", db->path) < 0)
                        return error_set(error, -ENOMEM, "out of memory");
                r = connect(db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
                if (r == 0)
                        r = schema_check(db, &version, error);
        }
        if (r == 1)
                r = revision_check(db, error);
        return r == 1 ? starter_current(db, error) : r;
}

static int open_memory(struct advisory_db *db, struct error *error)
{
        free(db->path);
        db->path = NULL;
        int r = connect(db, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error);
        return r < 0 ? r : prepare(db, error);
}

/* Reading: open what is there; where it is missing or behind, bring it forward if that is allowed. */
static int open_existing(struct advisory_db *db, const char *state_dir, struct error *error)
{
        struct stat st;
        bool exists = stat(db->path, &st) == 0;
        if (!exists && errno != ENOENT) /* also one that may not be read: the starter set would pass for it */
                return error_set(error, -errno, "cannot open %s: %s", db->path, strerror(errno));
        if (exists && st.st_size) {
                int r = open_read(db, error);
                if (r != 0)
                        return MIN(r, 0);
                disconnect(db);
        }
        if (file_make_dirs(state_dir) < 0 || access(state_dir, W_OK) < 0 ||
            (exists && access(db->path, W_OK) < 0))
                return open_memory(db, error);
        return open_write(db, error);
}

int advisory_open(const char *state_dir, enum advisory_mode mode, struct advisory_db **ret,
                  struct error *error)
{
        _cleanup_advisory_ struct advisory_db *db = calloc(1, sizeof(*db));
        if (!db)
                return error_set(error, -ENOMEM, "out of memory");
        db->memory = ARENA_INIT(16 << 20);
        if (asprintf(&db->path, "%s/advisory.db", state_dir) < 0) {
                db->path = NULL;
                return error_set(error, -ENOMEM, "out of memory");
        }
        int r;
        if (mode == ADVISORY_WRITE) {
                r = file_make_dirs(state_dir);
                if (r < 0)
                        return error_set(error, r, "cannot make the folder %s: %s", state_dir, strerror(-r));
                r = open_write(db, error);
        } else {
                r = open_existing(db, state_dir, error);
        }
        if (r == 0)
                r = named_streams_read(db, state_dir, error);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(db);
        return 0;
}

int advisory_hold(struct advisory_db *db, struct error *error)
{
        return database_run(db, "BEGIN", "reading", error);
}

uint64_t advisory_stamp(const char *state_dir)
{
        /* While anybody has the database open, an import stays in its log. */
        static const char *const names[] = {"advisory.db", "advisory.db-wal", "streams"};
        uint64_t stamp = 0;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char path[4096];
                struct stat st = {};
                snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
                if (stat(path, &st) < 0 || !st.st_size) /* opening makes an empty log */
                        st = (struct stat){};
                const uint64_t parts[] = {(uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec,
                                          (uint64_t)st.st_ino, (uint64_t)st.st_size};
                for (size_t k = 0; k < ARRAY_SIZE(parts); k++) /* as FNV-1a, a word at a time */
                        stamp = (stamp ^ parts[k]) * 0x100000001b3;
        }
        return stamp;
}

void advisory_rest(struct advisory_db *db)
{
        if (db)
                sqlite3_db_release_memory(db->sql);
}

struct advisory_db *advisory_close(struct advisory_db *db)
{
        if (db) {
                disconnect(db);
                free(db->path);
                map_done(&db->releases);
                map_done(&db->symbols);
                vec_done(&db->named_streams);
                arena_done(&db->memory);
                free(db);
        }
        return NULL;
}
