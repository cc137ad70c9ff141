/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names as they are claimed and asked for; only claim*.c and the frame see it. */

#include "inventory/reader.h"

enum { CLAIM_NAME = 8192, CLAIM_FILES = 16 };

struct claim_name {
        size_t size, file_count;
        size_t files[CLAIM_FILES]; /* lengths of the names of the files that it lies in, outermost first */
        char text[CLAIM_NAME];     /* without '!' and without an end */
};

/* One spelling of paths that lead to the same file: a part of the argument. */
const char *claim_canonical(const struct inventory *inv, const char *path);
/* Set the name to "" (its room is not cleared: there are a million claims), and append; false: too long. */
static inline void claim_name_begin(struct claim_name *name)
{
        name->size = name->file_count = 0;
}
bool claim_name_add(struct claim_name *name, const char *part);

/* The claim on just this name, or NULL. */
const struct owner_slot *claim_find(const struct inventory *inv, const struct claim_name *name);
/* … or on the closest one above it that has `least` bytes; NULL: nobody's. The distribution's claim on a file
 * that it lies in goes first. */
const struct owner_slot *claim_closest(const struct inventory *inv, const struct claim_name *name,
                                       size_t least);
/* Append all packages of a claim (NULL: none). As inventory_owners. */
int claim_owners(const struct inventory *inv, const struct owner_slot *slot, package_refs *to);

/* Claim the name of this hash, as it was claimed when it was remembered. 0 or -ENOMEM. */
int claim_hash(struct inventory *inv, uint64_t hash, size_t index);
/* The distribution's package that owns the file, or NULL. */
const char *claim_os_owner(const struct inventory *inv, const char *path);
