/* SPDX-License-Identifier: Apache-2.0 */

/* What is read back is foreign input like any other: numbers are brought into their ranges, texts that must
 * be there are asked for. */

#include "store/loading.h"

#include <errno.h>

int loading_rows(struct loading *l, const char *sql, row_handler handler)
{
        sqlite3_stmt *q = NULL;
        int r = sqlite3_prepare_v2(l->s->db, sql, -1, &q, NULL) == SQLITE_OK
                        ? 0
                        : store_fail(l->s, l->error, "cannot read");
        while (r == 0) {
                int code = sqlite3_step(q);
                if (code == SQLITE_DONE)
                        break;
                r = code == SQLITE_ROW ? handler(l, q) : store_fail(l->s, l->error, "cannot read");
        }
        sqlite3_finalize(q);
        return r;
}

int loading_no_memory(struct loading *l)
{
        return error_set(l->error, -ENOMEM, "out of memory");
}

int loading_corrupt(struct loading *l)
{
        return store_fail_code(l->s, SQLITE_CORRUPT, l->error, "cannot read");
}

int loading_text(struct loading *l, sqlite3_stmt *q, int column, const char **ret)
{
        const char *text = (const char *)sqlite3_column_text(q, column);
        *ret = text ? arena_strdup(l->arena, text) : NULL;
        return text && !*ret ? loading_no_memory(l) : 0;
}

int loading_texts(struct loading *l, sqlite3_stmt *q, int first, const char **const *targets, size_t count)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < count; i++)
                r = loading_text(l, q, first + (int)i, targets[i]);
        return r;
}

int64_t loading_number(sqlite3_stmt *q, int column, int64_t low, int64_t high)
{
        int64_t value = sqlite3_column_int64(q, column);
        return MIN(MAX(value, low), high);
}

int loading_answer(struct loading *l, sqlite3_stmt *q, int first, struct answer *ret)
{
        int64_t value = sqlite3_column_int64(q, first);
        ret->value = value >= 0 && value < _ANSWER_MAX ? (enum answer_value)value : ANSWER_UNKNOWN;
        ret->after = sqlite3_column_int64(q, first + 1);
        ret->since = sqlite3_column_int64(q, first + 2);
        const char **const texts[] = {&ret->engine, &ret->reason};
        int r = loading_texts(l, q, first + 3, texts, ARRAY_SIZE(texts));
        if (r == 0 && !ret->engine)
                ret->value = ANSWER_UNKNOWN;
        return r;
}

static int name_compare(const void *a, const void *b)
{
        const struct name *x = a, *y = b;
        return (x->id > y->id) - (x->id < y->id);
}

const char *loading_name(const struct loading *l, int64_t id)
{
        struct name wanted = {.id = id};
        const struct name *found = l->names.count ? bsearch(&wanted, l->names.items, l->names.count,
                                                            sizeof(wanted), name_compare)
                                                  : NULL;
        return found ? found->text : NULL;
}

int loading_keep_name(struct loading *l, sqlite3_stmt *q)
{
        struct name *n = vec_add(&l->names);
        if (!n)
                return loading_no_memory(l);
        n->id = sqlite3_column_int64(q, 0);
        return loading_text(l, q, 1, &n->text);
}

void history_done(struct history *h)
{
        vec_done(&h->packages);
        vec_done(&h->workloads);
        vec_done(&h->evidence);
        vec_done(&h->coverage);
        vec_done(&h->functions);
        vec_done(&h->losses);
        vec_done(&h->doubts);
        vec_done(&h->spared);
        vec_done(&h->limits);
}
