/* SPDX-License-Identifier: Apache-2.0 */

/* Two hashes of each row are kept, of its key and of the rest. */

#include "store/listed.h"

#include <errno.h>
#include <stdlib.h>

enum {
        MOST_ROOTS = 64,      /* with more of them all begin anew */
        KEY_MEMORY = 1 << 20, /* bytes */
};

struct listed *listed_free(struct listed *l)
{
        if (!l)
                return NULL;
        vec_done(&l->rows);
        free(l->root_id);
        free(l);
        return NULL;
}

static uint64_t hash_text(const char *text)
{
        return text ? map_hash(text, strlen(text)) : 1;
}

uint64_t listed_key(const char *package_key)
{
        return hash_text(package_key);
}

static uint64_t hash_rest(const struct package *p)
{
        const uint64_t parts[] = {hash_text(p->source),
                                  hash_text(p->source_version),
                                  hash_text(p->not_evaluated),
                                  hash_text(p->detail),
                                  hash_text(p->owner),
                                  hash_text(p->module),
                                  p->runtimes,
                                  p->extended,
                                  p->stale,
                                  p->method,
                                  p->confidence};
        uint64_t hash = map_hash(parts, sizeof(parts));
        return hash ? hash : 1;
}

static int add_row(struct listed *l, const struct package *p, size_t index)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(KEY_MEMORY);
        const char *key = package_key(p, &a);
        struct listed_row *row = key ? vec_add(&l->rows) : NULL;
        if (!row)
                return -ENOMEM;
        *row = (struct listed_row){.key = listed_key(key), .rest = hash_rest(p), .index = index};
        return 0;
}

static int compare(const void *a, const void *b)
{
        const struct listed_row *x = a, *y = b;
        if (x->key != y->key)
                return x->key < y->key ? -1 : 1;
        return (x->index > y->index) - (x->index < y->index);
}

int listed_new(const char *root_id, const package_list *packages, struct listed **ret)
{
        _cleanup_listed_ struct listed *l = calloc(1, sizeof(*l));
        if (!l || !(l->root_id = strdup(root_id)))
                return -ENOMEM;
        for (size_t i = 0; i < packages->count; i++)
                if (add_row(l, &packages->items[i], i) < 0)
                        return -ENOMEM;
        if (l->rows.count)
                qsort(l->rows.items, l->rows.count, sizeof(*l->rows.items), compare);
        /* Of several packages with one key the last one counts: all are put, each time, in their order. */
        for (size_t i = 1; i < l->rows.count; i++)
                if (l->rows.items[i].key == l->rows.items[i - 1].key)
                        l->rows.items[i].rest = l->rows.items[i - 1].rest = 0;
        vec_trim(&l->rows);
        *ret = TAKE_PTR(l);
        return 0;
}

struct listed_row *listed_find(const struct listed *l, uint64_t key)
{
        size_t low = 0, high = l->rows.count;
        while (low < high) {
                size_t middle = (low + high) / 2;
                if (l->rows.items[middle].key < key)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < l->rows.count && l->rows.items[low].key == key ? &l->rows.items[low] : NULL;
}

/* ---- of a connection ---------------------------------------------------------------------------------- */

struct listed *listed_of(const struct store *s, const char *root_id)
{
        return map_get_str(&s->listed, root_id);
}

int listed_keep(struct store *s, struct listed *l)
{
        struct listed *old = listed_of(s, l->root_id);
        if (!old && s->listed.count >= MOST_ROOTS)
                listed_forget(s);
        int r = map_put_str(&s->listed, l->root_id, l);
        if (r == 0)
                listed_free(old);
        return r;
}

void listed_forget(struct store *s)
{
        size_t i = 0;
        for (void *value; map_next(&s->listed, &i, NULL, NULL, &value);)
                listed_free(value);
        map_done(&s->listed);
}
