/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The SQLite file behind struct advisory_db: prepared statements by name, and SQLite's failures as -errno
 * with one sentence. Private to src/advisory. */

#include "advisory/advisory.h"
#include "base/map.h"

#include <sqlite3.h>

enum statement {
        META_GET,
        META_SET,
        RECORD_BY_DIGEST,
        RECORD_BY_ID,
        RECORD_INSERT,
        RECORD_UPDATE,
        AFFECTED_DELETE,
        AFFECTED_SYMBOLS,
        AFFECTED_INSERT,
        SEEN_INSERT,
        SOURCE_PUT,
        SOURCE_CONFIRM,
        KEV_INSERT,
        KEV_GET,
        EPSS_INSERT,
        EPSS_GET,
        SOURCE_GET,
        RELEASE_COUNT,
        STREAMS_GET,
        PACKAGE_ROWS,
        ALIASES_GET,
        NAMING_GET,
        AFFECTED_GET,
        SYMBOLS_ALL,
        _STATEMENT_MAX,
};

struct advisory_db {
        sqlite3 *sql;
        char *path; /* NULL: in memory */
        sqlite3_stmt *statements[_STATEMENT_MAX];
        struct arena memory;             /* what lives as long as the database is open */
        struct map releases;             /* "Debian:12" → struct release, see release.c */
        VEC(const char *) named_streams; /* "Red Hat:rhel_eus:9.2", as the file `streams` says */
        bool ubuntu_pro;                 /* it says so for all that is matched */
        struct map symbols;              /* id → record of the own table, see symbols.c */
};

/* Turn the last SQLite failure into -errno and a sentence that begins with `doing`. */
int database_error(struct advisory_db *db, int code, const char *doing, struct error *error);
/* Run statements without results. */
int database_run(struct advisory_db *db, const char *sql, const char *doing, struct error *error);
/* The statement, reset and ready to bind; NULL on failure (then database_error tells). */
sqlite3_stmt *database_statement(struct advisory_db *db, enum statement which);
/* Step a statement that gives no rows, and reset it. */
int database_step(struct advisory_db *db, sqlite3_stmt *statement, const char *doing, struct error *error);
int database_number(struct advisory_db *db, const char *sql, int64_t *ret, struct error *error);

static inline void bind_text(sqlite3_stmt *s, int column, const char *text)
{
        sqlite3_bind_text(s, column, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

static inline void statement_reset(sqlite3_stmt **s)
{
        if (*s) {
                sqlite3_reset(*s);
                sqlite3_clear_bindings(*s);
        }
}
#define _cleanup_statement_ _cleanup_(statement_reset)

/* Fill the database from the starter set where it was not yet; in its own transaction. Ecosystems that
 * were imported are left alone. */
int starter_apply(struct advisory_db *db, struct error *error);
/* 1: the database holds this program's starter set, 0: it does not, or -errno. */
int starter_current(struct advisory_db *db, struct error *error);

/* Read `state_dir`/streams (docs/matching.md), which may be missing. 0 or -errno with a sentence. */
int named_streams_read(struct advisory_db *db, const char *state_dir, struct error *error);
