/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which files of the root are read. */

#include "inventory/inventory.h"
#include "inventory/walk.h"
#include "inventory/walked.h"

/* A file that was found, and who wants it. */
struct found {
        const char *path;
        struct walk_identity identity;
        uint32_t mode;
        uint8_t reader;                /* index in `readers`, or READER_ELF */
        const struct reading *reading; /* of the previous inventory, where it still holds */
};
typedef VEC(struct found) found_list;

/* Walk the places, or the whole tree, and list the files to be read in the order of reading: by reader,
 * then by path. Paths lie in `a`. 0 or -ENOMEM. */
int places_find(struct inventory *inv, struct arena *a, found_list *ret);
/* Walk only the places of these hints that were not hinted at before, whatever lies above them. 0, -E2BIG
 * (the root has no room for more: walk all of it again) or -ENOMEM. */
int places_find_new(struct inventory *inv, const struct inventory_hints *hints, struct arena *a,
                    found_list *ret);
/* Take out what lies in roots of their own. */
void places_drop_nested(const struct walked *w, found_list *list);
/* Put into the order of reading, each file once for each reader; of two the first one stays. */
void places_sort(found_list *list);
/* The item with the same reader and path in a sorted list, or NULL. */
struct found *places_look_up(const found_list *list, const struct found *item);
