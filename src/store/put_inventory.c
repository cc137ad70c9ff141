/* SPDX-License-Identifier: Apache-2.0 */

/* Where one package comes, thousands stay as they are, and writing them again costs more than all else that a
 * look puts. So only what differs from what was put last is put; all of it where that is not known, now and
 * then for the time that it was seen, and where another connection has written since. */

#include "store/listed.h"
#include "store/names.h"
#include "store/row.h"

#include <errno.h>

enum {
        WHOLE_EVERY_S = 30 * 60,
        KEY_MEMORY = 1 << 20, /* bytes */
};

static int put_package(struct store *s, const struct package *p, const char *key,
                       enum package_installed installed, int64_t now, int64_t *ret_id, struct error *error)
{
        int64_t id;
        int r = key ? store_name(s, key, &id, error) : error_set(error, -ENOMEM, "out of memory");
        if (r < 0)
                return r;
        struct row row = row_of(s, PUT_PACKAGE);
        row_number(&row, id);
        row_text(&row, p->root);
        row_text(&row, p->ecosystem);
        row_text(&row, p->release);
        row_text(&row, p->name);
        row_text(&row, p->version);
        row_text(&row, p->arch);
        row_text(&row, p->source);
        row_text(&row, p->source_version);
        row_text(&row, p->path);
        row_number(&row, p->runtimes);
        row_number(&row, p->stale);
        row_text(&row, p->not_evaluated);
        row_number(&row, p->method);
        row_number(&row, p->confidence);
        row_text(&row, p->detail);
        row_text(&row, p->owner);
        row_text(&row, p->module);
        row_number(&row, p->extended);
        row_number(&row, installed);
        row_number(&row, now);
        *ret_id = id;
        return row_put(&row, error);
}

static int put_root(struct store *s, const char *id, const char *description, int64_t now,
                    struct error *error)
{
        struct row row = row_of(s, PUT_ROOT);
        row_text(&row, id);
        row_text(&row, description);
        row_number(&row, now);
        return row_put(&row, error);
}

/* Other connections' commits make it another one; those of this one do not. */
static int database_version(struct store *s, int64_t *ret, struct error *error)
{
        sqlite3_stmt *q = row_of(s, DATABASE_VERSION).q;
        if (!q || sqlite3_step(q) != SQLITE_ROW)
                return store_fail(s, error, "cannot write");
        *ret = sqlite3_column_int64(q, 0);
        sqlite3_reset(q);
        return 0;
}

static int unlist_all(struct store *s, const char *root_id, struct error *error)
{
        struct row row = row_of(s, CLEAR_INSTALLED);
        row_text(&row, root_id);
        return row_put(&row, error);
}

static int unlist_gone(struct store *s, const struct listed *old, const struct listed *new,
                       struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < old->rows.count; i++) {
                if (listed_find(new, old->rows.items[i].key))
                        continue;
                struct row row = row_of(s, UNLIST_PACKAGE);
                row_number(&row, old->rows.items[i].id);
                r = row_put(&row, error);
        }
        return r;
}

static int list_package(struct store *s, const struct package *p, int64_t now, int64_t *ret_id,
                        struct error *error)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(KEY_MEMORY);
        return put_package(s, p, package_key(p, &a), INSTALLED_LISTED, now, ret_id, error);
}

/* `old` NULL: all of them. */
static int list_packages(struct store *s, const struct listed *old, struct listed *new,
                         const package_list *packages, int64_t now, struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < new->rows.count; i++) {
                struct listed_row *row = &new->rows.items[i];
                const struct listed_row *before = old ? listed_find(old, row->key) : NULL;
                if (before && before->rest && before->rest == row->rest)
                        row->id = before->id;
                else
                        r = list_package(s, &packages->items[row->index], now, &row->id, error);
        }
        return r;
}

int store_put_inventory(struct store *s, const struct root *root, const package_list *packages, int64_t now,
                        struct error *error)
{
        _cleanup_listed_ struct listed *new = NULL;
        if (listed_new(root->id, packages, &new) < 0)
                return error_set(error, -ENOMEM, "out of memory");
        int r = put_root(s, root->id, root->description, now, error);
        if (r == 0)
                r = database_version(s, &new->version, error);
        const struct listed *old = listed_of(s, root->id);
        if (old &&
            (old->version != new->version || now - old->whole_at >= WHOLE_EVERY_S || now < old->whole_at))
                old = NULL;
        new->whole_at = old ? old->whole_at : now;
        if (r == 0)
                r = old ? unlist_gone(s, old, new, error) : unlist_all(s, root->id, error);
        if (r == 0)
                r = list_packages(s, old, new, packages, now, error);
        if (r == 0 && listed_keep(s, new) < 0)
                r = error_set(error, -ENOMEM, "out of memory");
        if (r == 0)
                new = NULL; /* the store's now */
        return r;
}

int store_put_package(struct store *s, const struct package *p, int64_t now, struct error *error)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(KEY_MEMORY);
        const char *key = package_key(p, &a);
        const struct listed *listed = listed_of(s, p->root);
        struct listed_row *row = listed && key ? listed_find(listed, listed_key(key)) : NULL;
        int64_t id;
        if (row)
                row->rest = 0; /* what the inventory says of it is put again */
        return put_package(s, p, key, p->stale ? 0 : INSTALLED_LINKED, now, &id, error);
}
