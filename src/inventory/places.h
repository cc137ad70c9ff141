/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which files of the root are read. */

#include "inventory/found.h"
#include "inventory/inventory.h"

#include <limits.h>

/* Walk the places, or the whole tree, and list the files to be read in the order of reading: by reader,
 * then by path. Paths lie in `a`. 0 or -ENOMEM. */
int places_find(struct inventory *inv, struct arena *a, found_list *ret);
/* Walk only the places of these hints that were not hinted at before, whatever lies above them, and those
 * that are to be walked again. 0, -E2BIG
 * (the root has no room for more: walk all of it again) or -ENOMEM. */
int places_find_new(struct inventory *inv, const struct inventory_hints *hints, struct arena *a,
                    found_list *ret);
/* Whether the path is one of these, or lies below one. */
bool parts_have(const struct inventory_part *parts, size_t count, const char *path);
/* The folder without symbolic links, as seen from the root, in `to`; the path itself where there is none. */
const char *places_true_path(const struct inventory *inv, const char *path, char to[static PATH_MAX]);
