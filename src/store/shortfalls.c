/* SPDX-License-Identifier: Apache-2.0 */

/* What looks fell short of: doubts and files that are not probed any more are history like evidence, limits
 * are those of the last look at all. There are few of each, so that texts are kept as they are. */

#include "store/shortfalls.h"

#include <errno.h>

static int prepare(struct store *s, const char *sql, sqlite3_stmt **ret, struct error *error,
                   const char *doing)
{
        return sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : store_fail(s, error, doing);
}

int store_put_doubts(struct store *s, const doubt_list *list, struct error *error)
{
        sqlite3_stmt *q = NULL;
        if (!list->count)
                return 0;
        int r = prepare(s,
                        "INSERT INTO doubt VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
                        " reason = excluded.reason, first = min(first, excluded.first),"
                        " last = max(last, excluded.last)",
                        &q, error, "cannot write");
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                const struct doubt *d = &list->items[i];
                const char *const texts[] = {d->workload, d->package, d->subject, d->reason};
                for (size_t n = 0; n < ARRAY_SIZE(texts); n++)
                        sqlite3_bind_text(q, (int)n + 1, texts[n], -1, SQLITE_STATIC);
                sqlite3_bind_int64(q, 5, d->first);
                sqlite3_bind_int64(q, 6, d->last);
                r = store_step(s, q, error, "cannot write");
        }
        sqlite3_finalize(q);
        return r;
}

int store_put_spared(struct store *s, const spared_list *list, struct error *error)
{
        sqlite3_stmt *q = NULL;
        if (!list->count)
                return 0;
        int r = prepare(s, "INSERT OR IGNORE INTO spared_file VALUES (?1, ?2, ?3, ?4, ?5)", &q, error,
                        "cannot write");
        for (size_t i = 0; r == 0 && i < list->count; i++) {
                const struct spared_file *f = &list->items[i];
                const char *const texts[] = {f->object, f->path, f->program, f->reason};
                for (size_t n = 0; n < ARRAY_SIZE(texts); n++)
                        sqlite3_bind_text(q, (int)n + 1, texts[n], -1, SQLITE_STATIC);
                sqlite3_bind_int64(q, 5, f->since);
                r = store_step(s, q, error, "cannot write");
        }
        sqlite3_finalize(q);
        return r;
}

int store_forget_spared(struct store *s, struct error *error)
{
        return store_run(s, "DELETE FROM spared_file", error, "cannot write");
}

int store_put_limits(struct store *s, const char *const *limits, size_t count, struct error *error)
{
        sqlite3_stmt *q = NULL;
        int r = store_run(s, "DELETE FROM look_limit", error, "cannot write");
        if (r == 0)
                r = prepare(s, "INSERT INTO look_limit VALUES (?1, ?2)", &q, error, "cannot write");
        for (size_t i = 0; r == 0 && i < count; i++) {
                sqlite3_bind_int64(q, 1, (int64_t)i + 1);
                sqlite3_bind_text(q, 2, limits[i], -1, SQLITE_STATIC);
                r = store_step(s, q, error, "cannot write");
        }
        sqlite3_finalize(q);
        return r;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

/* Every text of a row must be there. 0 or -errno with a sentence. */
static int take_texts(struct store *s, sqlite3_stmt *q, const char **const *targets, size_t count,
                      struct arena *a, struct error *error)
{
        for (size_t i = 0; i < count; i++) {
                const char *text = (const char *)sqlite3_column_text(q, (int)i);
                if (!text)
                        return store_fail_code(s, SQLITE_CORRUPT, error, "cannot read");
                if (!(*targets[i] = arena_strdup(a, text)))
                        return error_set(error, -ENOMEM, "out of memory");
        }
        return 0;
}

static int take_doubt(struct store *s, sqlite3_stmt *q, struct arena *a, struct history *to,
                      struct error *error)
{
        struct doubt *d = vec_add(&to->doubts);
        if (!d)
                return error_set(error, -ENOMEM, "out of memory");
        const char **const texts[] = {&d->workload, &d->package, &d->subject, &d->reason};
        d->first = sqlite3_column_int64(q, 4);
        d->last = sqlite3_column_int64(q, 5);
        return take_texts(s, q, texts, ARRAY_SIZE(texts), a, error);
}

static int take_limit(struct store *s, sqlite3_stmt *q, struct arena *a, struct history *to,
                      struct error *error)
{
        const char **limit = vec_add(&to->limits);
        if (!limit)
                return error_set(error, -ENOMEM, "out of memory");
        const char **const texts[] = {limit};
        return take_texts(s, q, texts, 1, a, error);
}

static int take_spared(struct store *s, sqlite3_stmt *q, struct arena *a, struct history *to,
                       struct error *error)
{
        struct spared_file *f = vec_add(&to->spared);
        if (!f)
                return error_set(error, -ENOMEM, "out of memory");
        const char **const texts[] = {&f->object, &f->path, &f->program, &f->reason};
        f->since = sqlite3_column_int64(q, 4);
        return take_texts(s, q, texts, ARRAY_SIZE(texts), a, error);
}

/* One of the tables. */
struct shortfall {
        const char *sql;
        int (*take)(struct store *s, sqlite3_stmt *q, struct arena *a, struct history *to,
                    struct error *error);
};

static const struct shortfall spared_files = {"SELECT object, path, program, reason, since FROM spared_file",
                                              take_spared};

static int load(struct store *s, const struct shortfall *table, struct arena *a, struct history *to,
                struct error *error)
{
        sqlite3_stmt *q = NULL;
        int code = SQLITE_DONE;
        int r = prepare(s, table->sql, &q, error, "cannot read");
        while (r == 0 && (code = sqlite3_step(q)) == SQLITE_ROW)
                r = table->take(s, q, a, to, error);
        if (r == 0 && code != SQLITE_DONE)
                r = store_fail(s, error, "cannot read");
        sqlite3_finalize(q);
        return r;
}

int shortfalls_load(struct store *s, struct arena *a, struct history *to, struct error *error)
{
        static const struct shortfall tables[] = {
                {"SELECT workload, package, subject, reason, first, last FROM doubt", take_doubt},
                {"SELECT text FROM look_limit ORDER BY number", take_limit},
        };
        int r = load(s, &spared_files, a, to, error);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++)
                r = load(s, &tables[i], a, to, error);
        return r;
}

int store_load_spared(struct store *s, struct arena *a, spared_list *ret, struct error *error)
{
        struct history h = {};
        int r = load(s, &spared_files, a, &h, error);
        if (r < 0)
                history_done(&h);
        else
                *ret = h.spared;
        return r;
}
