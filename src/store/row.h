/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The rows that are put, each by a statement that is prepared once. */

#include "store/database.h"

/* One row to put: values are bound in the order of the calls. */
struct row {
        struct store *s;
        sqlite3_stmt *q;
        int next;
};

struct row row_of(struct store *s, enum statement which);
void row_text(struct row *r, const char *text); /* NULL is NULL; not copied */
void row_number(struct row *r, int64_t number);
void row_answer(struct row *r, const struct answer *a);
/* 0 or -errno with a sentence. */
int row_put(struct row *r, struct error *error);
