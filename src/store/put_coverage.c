/* SPDX-License-Identifier: Apache-2.0 */

/* Windows of time that were watched: what one record after the other says of the same place. */

#include "store/names.h"
#include "store/row.h"

struct window {
        int64_t id, since, until;
        bool same_engine;
};

/* 1: there is an earlier window, 0: none. */
static int latest_window(struct store *s, int64_t workload, const struct coverage *c, struct window *ret,
                         struct error *error)
{
        struct row row = row_of(s, LATEST_COVERAGE);
        if (!row.q)
                return store_fail(s, error, "cannot write");
        row_number(&row, workload);
        row_text(&row, c->root);
        row_number(&row, c->runtime);
        int code = sqlite3_step(row.q);
        int r = code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : store_fail(s, error, "cannot write");
        if (r == 1)
                *ret = (struct window){
                        .id = sqlite3_column_int64(row.q, 0),
                        .since = sqlite3_column_int64(row.q, 2),
                        .until = sqlite3_column_int64(row.q, 3),
                        .same_engine = str_equal((const char *)sqlite3_column_text(row.q, 1), c->engine),
                };
        sqlite3_reset(row.q);
        return r;
}

/* Until when the place was blind at the latest, 0: never. */
static int blind_until(struct store *s, int64_t workload, const struct coverage *c, int64_t *ret,
                       struct error *error)
{
        struct row row = row_of(s, BLIND_UNTIL);
        if (!row.q)
                return store_fail(s, error, "cannot write");
        row_number(&row, workload);
        row_text(&row, c->root);
        row_number(&row, c->runtime);
        int r = sqlite3_step(row.q) == SQLITE_ROW ? 0 : store_fail(s, error, "cannot write");
        if (r == 0)
                *ret = sqlite3_column_int64(row.q, 0);
        sqlite3_reset(row.q);
        return r;
}

static int write_window(struct store *s, int64_t workload, const struct coverage *c, int64_t since,
                        const struct window *old, bool extends, struct error *error)
{
        struct row row = row_of(s, old ? EXTEND_COVERAGE : ADD_COVERAGE);
        if (old) {
                row_number(&row, old->id);
        } else {
                row_number(&row, workload);
                row_text(&row, c->root);
                row_number(&row, c->runtime);
        }
        row_text(&row, c->engine);
        row_text(&row, c->reason);
        row_number(&row, since);
        row_number(&row, extends ? MAX(old->until, c->until) : c->until);
        row_text(&row, c->gaps);
        if (old)
                row_number(&row, extends); /* what was missed in a window stays missed */
        return row_put(&row, error);
}

/* A window grows forwards by a record that overlaps it; a single look is replaced, since it says nothing
 * that the next record does not say later; else a new window begins. Time that was blind is never
 * claimed afterwards. */
static int put_coverage(struct store *s, const struct coverage *c, struct error *error)
{
        struct window old = {};
        int64_t workload, blind = 0, since = c->since;
        int r = store_name(s, c->workload, &workload, error);
        int found = r == 0 ? latest_window(s, workload, c, &old, error) : r;
        if (found < 0)
                return found;
        if (c->engine && (r = blind_until(s, workload, c, &blind, error)) < 0)
                return r;
        if (found && !old.same_engine && old.since < old.until && c->until < old.until)
                return 0; /* comes late: a newer record has said more */
        if (blind)
                since = MIN(MAX(since, blind), c->until);
        bool single = found && old.since == old.until;
        bool extends = found && !single && old.same_engine && since <= old.until && c->until >= old.since;
        if (found && !single && !extends && c->until <= old.until)
                return 0; /* a look in a time that was watched */
        return write_window(s, workload, c, extends ? old.since : since, extends || single ? &old : NULL,
                            extends, error);
}

int store_put_coverage(struct store *s, const coverage_list *list, struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < list->count; i++)
                r = put_coverage(s, &list->items[i], error);
        return r;
}
