/* SPDX-License-Identifier: Apache-2.0 */

/* Workloads, packages and paths come again with every look; what was written once is not asked for again. */

#include "store/names.h"
#include "store/row.h"

#include <errno.h>

enum { NAMES_MOST = 200000 }; /* then the cache starts anew */

void store_forget_names(struct store *s)
{
        size_t limit = s->name_arena.limit;
        map_done(&s->names);
        arena_done(&s->name_arena);
        s->name_arena = ARENA_INIT(limit);
        s->name_count = 0;
}

static int cache_name(struct store *s, const char *text, int64_t id)
{
        if (s->name_count >= NAMES_MOST)
                store_forget_names(s);
        char *copy = arena_strdup(&s->name_arena, text);
        if (!copy) { /* the cache is only a cache */
                store_forget_names(s);
                return 0;
        }
        s->name_count++;
        return map_put_str(&s->names, copy, (void *)(intptr_t)id);
}

int store_name(struct store *s, const char *text, int64_t *ret, struct error *error)
{
        text = text ? text : "";
        *ret = (intptr_t)map_get_str(&s->names, text);
        if (*ret)
                return 0;
        struct row find = row_of(s, FIND_NAME);
        if (!find.q)
                return store_fail(s, error, "cannot write");
        row_text(&find, text);
        int code = sqlite3_step(find.q), r = 0;
        if (code == SQLITE_ROW)
                *ret = sqlite3_column_int64(find.q, 0);
        else if (code != SQLITE_DONE)
                r = store_fail(s, error, "cannot write");
        sqlite3_reset(find.q);
        if (r == 0 && code == SQLITE_DONE) {
                struct row put = row_of(s, PUT_NAME);
                row_text(&put, text);
                r = row_put(&put, error);
                *ret = sqlite3_last_insert_rowid(s->db);
        }
        if (r == 0 && cache_name(s, text, *ret) < 0)
                r = error_set(error, -ENOMEM, "out of memory");
        return r;
}
