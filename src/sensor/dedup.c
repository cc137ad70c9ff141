/* SPDX-License-Identifier: Apache-2.0 */

/* Two generations instead of a list in order of use: keys go into the young set; when it is full it
 * becomes the old one and the old one is emptied. A key met in the old set moves to the young one, so
 * that what is in use stays. No allocation after the start. */

#include "sensor/dedup.h"

#include "base/map.h"

#include <errno.h>
#include <string.h>

/* Twice the keys, so that probing stays short. */
static size_t slots(const struct dedup *d)
{
        return d->room * 2;
}

static bool slot_is_empty(const struct dedup_key *key)
{
        return !key->path;
}

static struct dedup_key *find(const struct dedup *d, const struct dedup_set *set, const struct dedup_key *key)
{
        size_t i = map_hash(key, sizeof(*key)) % slots(d);
        while (!slot_is_empty(&set->keys[i]) && memcmp(&set->keys[i], key, sizeof(*key)) != 0)
                i = (i + 1) % slots(d);
        return &set->keys[i];
}

int dedup_init(struct dedup *d, size_t room)
{
        struct dedup fresh = {.room = room};
        fresh.young.keys = calloc(room * 2, sizeof(struct dedup_key));
        fresh.old.keys = calloc(room * 2, sizeof(struct dedup_key));
        if (!fresh.young.keys || !fresh.old.keys) {
                dedup_done(&fresh);
                return -ENOMEM;
        }
        *d = fresh;
        return 0;
}

void dedup_done(struct dedup *d)
{
        free(d->young.keys);
        free(d->old.keys);
        *d = (struct dedup){};
}

bool dedup_is_new(struct dedup *d, const struct dedup_key *key)
{
        struct dedup_key *slot = find(d, &d->young, key);
        if (!slot_is_empty(slot))
                return false;
        bool known = !slot_is_empty(find(d, &d->old, key));
        if (d->young.count >= d->room) {
                struct dedup_set full = d->young;
                d->young = d->old;
                d->old = full;
                memset(d->young.keys, 0, slots(d) * sizeof(*d->young.keys));
                d->young.count = 0;
                slot = find(d, &d->young, key);
        }
        *slot = *key;
        d->young.count++;
        return !known;
}

void dedup_forget(struct dedup *d, uint64_t inode)
{
        struct dedup_key *sets[] = {d->young.keys, d->old.keys};
        for (size_t k = 0; k < ARRAY_SIZE(sets); k++)
                for (size_t i = 0; sets[k] && i < slots(d); i++)
                        if (!slot_is_empty(&sets[k][i]) && sets[k][i].inode == inode)
                                sets[k][i].by_process = UINT32_MAX; /* stays in the chain, equals none */
}

void dedup_forget_all(struct dedup *d)
{
        struct dedup_set *sets[] = {&d->young, &d->old};
        for (size_t k = 0; k < ARRAY_SIZE(sets); k++) {
                if (sets[k]->keys)
                        memset(sets[k]->keys, 0, slots(d) * sizeof(*sets[k]->keys));
                sets[k]->count = 0;
        }
}
