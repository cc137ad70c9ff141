/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of a root that are to be read, in the order of reading: by reader, then by path. */

#include "inventory/walk.h"
#include "inventory/walked.h"

/* A file that was found, and who wants it. */
struct found_file {
        const char *path;
        struct walk_identity identity;
        uint32_t mode;
        uint8_t reader;                /* index in `readers`, or READER_ELF */
        const struct reading *reading; /* of the previous inventory, where it still holds */
};
typedef VEC(struct found_file) found_list;

/* Take out what lies in roots of their own. */
void found_drop_nested(const struct walked *w, found_list *list);
/* Put into the order of reading, each file once for each reader; of two the first one stays. */
void found_sort(found_list *list);
/* The item with the same reader and path in a sorted list, or NULL. */
struct found_file *found_look_up(const found_list *list, const struct found_file *item);
