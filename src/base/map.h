/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Hash table from byte strings to pointers. Keys are not copied: they live as long as the entry.
 * Hashing is SipHash-like keyed per process, so that hostile names cannot make it slow. */

#include "base/macro.h"

struct map {
        struct map_slot *slots;
        size_t count;           /* entries */
        size_t used, allocated; /* slots: those of removed entries are used until the table grows */
};

#define _cleanup_map_ _cleanup_(map_done)

void map_done(struct map *m); /* frees the table only */
/* The value under the key, or NULL. */
void *map_get(const struct map *m, const void *key, size_t size);
void *map_get_str(const struct map *m, const char *key);
/* Set (or replace) the value, which must not be NULL. 0 or -ENOMEM. */
int map_put(struct map *m, const void *key, size_t size, void *value);
int map_put_str(struct map *m, const char *key, void *value);
/* Remove and return the value, or NULL. */
void *map_remove(struct map *m, const void *key, size_t size);
/* Walk: start with *iterator = 0; false at the end. Nothing may be added while walking. */
bool map_next(const struct map *m, size_t *iterator, const void **ret_key, size_t *ret_size,
              void **ret_value);
/* Keyed 64-bit hash of bytes, for this process only. */
uint64_t map_hash(const void *key, size_t size);
