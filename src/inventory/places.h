/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which files of the root are read. */

#include "inventory/reader.h"
#include "inventory/walk.h"

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
