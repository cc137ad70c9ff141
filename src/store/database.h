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
        DATABASE_VERSION,
        CLEAR_INSTALLED,
        UNLIST_PACKAGE,
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
        struct map listed; /* root id → struct listed */
        bool writing;      /* between store_begin and its end */
};

/* Column package.installed. What an inventory lists it can also stop listing; what is linked into a program
 * is there as long as that program is. */
enum package_installed {
        INSTALLED_LISTED = 1 << 0,
        INSTALLED_LINKED = 1 << 1,
};

/* The sentence for what SQLite said last; `doing` ends "cannot …". Returns -errno. */
int store_fail(struct store *s, struct error *error, const char *doing);
/* The same for one of its codes. */
int store_fail_code(struct store *s, int code, struct error *error, const char *doing);
/* Run statements that return nothing. 0 or -errno. */
int store_run(struct store *s, const char *sql, struct error *error, const char *doing);
/* Step a statement that returns no row, and reset it. 0 or -errno. */
int store_step(struct store *s, sqlite3_stmt *q, struct error *error, const char *doing);
