/* SPDX-License-Identifier: Apache-2.0 */

/* Open addressing with linear probing; nothing is ever removed. */

#include "inventory/owners.h"

#include <errno.h>

void owners_done(struct owners *o)
{
        free(o->slots);
        vec_done(&o->tied);
        *o = (struct owners){};
}

static struct owner_slot *slot_of(const struct owners *o, uint64_t hash)
{
        size_t i = (size_t)((unsigned __int128)hash * o->allocated >> 64);
        while (o->slots[i].hash && o->slots[i].hash != hash)
                i = i + 1 < o->allocated ? i + 1 : 0;
        return &o->slots[i];
}

static int resize(struct owners *o, size_t allocated)
{
        struct owners other = {.count = o->count, .allocated = allocated, .tied = o->tied};
        other.slots = calloc(other.allocated, sizeof(*other.slots));
        if (!other.slots)
                return -ENOMEM;
        for (size_t i = 0; i < o->allocated; i++)
                if (o->slots[i].hash)
                        *slot_of(&other, o->slots[i].hash) = o->slots[i];
        free(o->slots);
        *o = other;
        return 0;
}

static int make_room(struct owners *o)
{
        return o->count * 8 < o->allocated * 7 ? 0 : resize(o, MAX(o->allocated * 2, (size_t)64));
}

void owners_rest(struct owners *o)
{
        size_t enough = MAX(o->count + o->count / 4, (size_t)64);
        if (enough < o->allocated)
                (void)resize(o, enough); /* else it stays as large as it is */
        vec_trim(&o->tied);
}

int owners_claim(struct owners *o, uint64_t hash, size_t package)
{
        int r = make_room(o);
        if (r < 0 || package >= UINT32_MAX)
                return -ENOMEM;
        struct owner_slot *slot = slot_of(o, hash);
        if (slot->hash)
                return 0;
        *slot = (struct owner_slot){.hash = hash, .package = (uint32_t)package};
        o->count++;
        return 0;
}

void owners_take(struct owners *o, uint64_t hash, size_t package)
{
        struct owner_slot *slot = o->allocated ? slot_of(o, hash) : NULL;
        if (slot && slot->hash && package < UINT32_MAX)
                *slot = (struct owner_slot){.hash = hash, .package = (uint32_t)package};
}

int owners_tie(struct owners *o, uint64_t hash, size_t package)
{
        struct owner_slot *slot = o->allocated ? slot_of(o, hash) : NULL;
        if (!slot || !slot->hash || (slot->tied && o->tied.items[slot->tied - 1].package == package))
                return 0;
        struct owner_tied *last = package < UINT32_MAX ? vec_add(&o->tied) : NULL;
        if (!last)
                return -ENOMEM;
        *last = (struct owner_tied){.package = (uint32_t)package, .before = slot->tied};
        slot->tied = (uint32_t)o->tied.count;
        return 0;
}

const struct owner_slot *owners_find(const struct owners *o, uint64_t hash)
{
        const struct owner_slot *slot = o->allocated ? slot_of(o, hash) : NULL;
        return slot && slot->hash ? slot : NULL;
}
