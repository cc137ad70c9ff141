/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A history while it is read. Functions return 0, or -errno with a sentence. */

#include "store/database.h"

struct name {
        int64_t id;
        const char *text;
};

struct loading {
        struct store *s;
        struct arena *arena;
        struct history *to;
        struct error *error;
        VEC(struct name) names;
        VEC(int64_t) evidence_packages; /* beside to->evidence */
        VEC(int64_t) evidence_workloads;
        VEC(int64_t) evidence_subjects;
        struct map still_used; /* package key → anything: evidence of it is current */
};

typedef int (*row_handler)(struct loading *l, sqlite3_stmt *q);

/* Hand every row to the handler, until it fails. */
int loading_rows(struct loading *l, const char *sql, row_handler handler);
int loading_no_memory(struct loading *l);
int loading_corrupt(struct loading *l);

/* Columns. A text is NULL where the column is; a number is brought into its range; an answer has five
 * columns. */
int loading_text(struct loading *l, sqlite3_stmt *q, int column, const char **ret);
int loading_texts(struct loading *l, sqlite3_stmt *q, int first, const char **const *targets, size_t count);
int64_t loading_number(sqlite3_stmt *q, int column, int64_t low, int64_t high);
int loading_answer(struct loading *l, sqlite3_stmt *q, int first, struct answer *ret);

/* A row_handler: names, in the order of their ids. */
int loading_keep_name(struct loading *l, sqlite3_stmt *q);
/* The name with this id, or NULL. */
const char *loading_name(const struct loading *l, int64_t id);
