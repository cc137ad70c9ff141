/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of the store: one connection, its statements, and the one place where SQLite's errors become
 * sentences. */

#include "base/map.h"
#include "store/store.h"

#include <sqlite3.h>

enum statement {
        PUT_META,
        PUT_ROOT,
        CLEAR_INSTALLED,
        PUT_PACKAGE,
        CLEAR_RUNNING,
        PUT_WORKLOAD,
        PUT_INSTANCE,
        FIND_NAME,
        PUT_NAME,
        PUT_EVIDENCE,
        BLIND_UNTIL,
        LATEST_COVERAGE,
        EXTEND_COVERAGE,
        ADD_COVERAGE,
        PUT_FUNCTION,
        PUT_LOSS,
        _STATEMENT_MAX,
};

struct store {
        sqlite3 *db;
        const char *path;
        sqlite3_stmt *statements[_STATEMENT_MAX];
        struct arena arena; /* path and the keys of `names` */
        struct map names;   /* text → id of table name, as intptr */
        struct arena name_arena;
        size_t name_count;
        bool writing; /* between store_begin and its end */
};

/* Column package.installed. What an inventory lists it can also stop listing; what is linked into a program
 * is there as long as that program is. */
enum package_installed {
        INSTALLED_LISTED = 1 << 0,
        INSTALLED_LINKED = 1 << 1,
};

#define STORE_APPLICATION 0x55736577 /* "Usew": PRAGMA application_id */

extern const int store_schema_version;
/* Bring an opened database to the newest schema. `create`: it is empty. */
int schema_migrate(struct store *s, struct error *error);
/* The schema's version, 0 for an empty database. -EBADMSG: some other database, -EPROTO: newer. */
int schema_check(struct store *s, int *ret_version, struct error *error);

/* Part of store_load: doubts and limits. */
int shortfalls_load(struct store *s, struct arena *a, struct history *to, struct error *error);

/* The sentence for what SQLite said last; `doing` ends "cannot …". Returns -errno. */
int store_fail(struct store *s, struct error *error, const char *doing);
int store_run(struct store *s, const char *sql, struct error *error, const char *doing);
/* The prepared statement, ready for binding; NULL on failure (then store_fail). */
sqlite3_stmt *store_statement(struct store *s, enum statement which);
/* Step a statement that returns no row, and reset it. 0 or -errno. */
int store_step(struct store *s, sqlite3_stmt *q, struct error *error, const char *doing);
void store_forget_names(struct store *s);
