/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names of files, folders and things inside of files → the package that they belong to. Names are kept as
 * keyed 64-bit hashes, 16 bytes each: a host has a million of them, and only whole names are ever asked for.
 * (Two of a million names collide with a chance of 1:37,000,000, and nobody outside can make them.) */

#include "base/macro.h"
#include "base/vec.h"

struct owner_slot {
        uint64_t hash;    /* 0: free */
        uint32_t package; /* index */
        uint32_t tied; /* index, plus 1, of the last one of those that claim it with equal right; 0: none */
};

struct owner_tied {
        uint32_t package;
        uint32_t before; /* the next one, as above */
};

struct owners {
        struct owner_slot *slots;
        size_t count, allocated;
        VEC(struct owner_tied) tied;
};

void owners_done(struct owners *o);
/* Let go of room that is not needed. */
void owners_rest(struct owners *o);
/* Claim the name; the first claim stays. 0 (also where it is claimed already) or -ENOMEM. */
int owners_claim(struct owners *o, uint64_t hash, size_t package);
/* Give the name, which is claimed, to this package alone. */
void owners_take(struct owners *o, uint64_t hash, size_t package);
/* Say that the name, which is claimed, has this owner of equal right as well. 0 or -ENOMEM. */
int owners_tie(struct owners *o, uint64_t hash, size_t package);
/* The claim on the name, or NULL. */
const struct owner_slot *owners_find(const struct owners *o, uint64_t hash);
