/* SPDX-License-Identifier: Apache-2.0 */

/* Sorted, so that what is in two lists is found by halving. */

#include "inventory/found.h"

#include "base/str.h"

static int in_order(const void *a, const void *b)
{
        const struct found_file *x = a, *y = b;
        return x->reader != y->reader ? (x->reader < y->reader ? -1 : 1) : strcmp(x->path, y->path);
}

void found_sort(found_list *list)
{
        size_t kept = 0;
        if (list->count)
                qsort(list->items, list->count, sizeof(*list->items), in_order);
        vec_each (item, list)
                if (!kept || in_order(&list->items[kept - 1], item) != 0)
                        list->items[kept++] = *item;
        list->count = kept;
}

struct found_file *found_look_up(const found_list *list, const struct found_file *item)
{
        return list->count ? bsearch(item, list->items, list->count, sizeof(*item), in_order) : NULL;
}

void found_drop_nested(const struct walked *w, found_list *list)
{
        size_t kept = 0;
        if (!w->nested.count)
                return;
        vec_each (item, list) {
                bool inside = false;
                vec_each (root, &w->nested)
                        inside |= str_starts(item->path, *root) && item->path[strlen(*root)] == '/';
                if (!inside)
                        list->items[kept++] = *item;
        }
        list->count = kept;
}
