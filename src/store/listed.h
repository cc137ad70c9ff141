/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What this connection has put of the inventory of each root, so that only what differs is put again. */

#include "store/database.h"

struct listed_row {
        uint64_t key,
                rest; /* hashes of package_key and of the other columns; `rest` 0: put it again in any case */
        int64_t id;   /* of the key, in table name */
        size_t index; /* of the package in the list that it was made of */
};

struct listed {
        char *root_id;
        int64_t whole_at;            /* wall s: when all of it was put */
        int64_t version;             /* of the database, as this connection saw it then */
        VEC(struct listed_row) rows; /* by key */
};

/* The rows of an inventory, without the ids. 0 or -ENOMEM. */
int listed_new(const char *root_id, const package_list *packages, struct listed **ret);
struct listed *listed_free(struct listed *l); /* returns NULL */
static inline void listed_freep(struct listed **l)
{
        *l = listed_free(*l);
}
#define _cleanup_listed_ _cleanup_(listed_freep)
/* The row of this key, or NULL. */
struct listed_row *listed_find(const struct listed *l, uint64_t key);
uint64_t listed_key(const char *package_key);

/* What was put of this root, or NULL. */
struct listed *listed_of(const struct store *s, const char *root_id);
/* Keep it in the place of what was put before. 0 or -ENOMEM. */
int listed_keep(struct store *s, struct listed *l);
/* It may not be in the database. */
void listed_forget(struct store *s);
