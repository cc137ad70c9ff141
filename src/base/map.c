/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Open addressing with linear probing; a removed slot keeps its hash so that probing goes on. */
struct map_slot {
        uint64_t hash; /* 0: never used */
        const void *key;
        size_t size;
        void *value; /* NULL: removed */
};

static inline uint64_t rotate(uint64_t x, int bits)
{
        return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
}

/* Chosen before there are threads: those that share a table have to hash alike. */
static uint64_t secret[2];

static __attribute__((constructor)) void secret_choose(void)
{
        if (getrandom(secret, sizeof(secret), 0) < 0)
                secret[0] = 0x9e3779b97f4a7c15;
}

/* SipHash-1-3 (Aumasson and Bernstein, 2012, with the reduced rounds that hash tables use). */
uint64_t map_hash(const void *key, size_t size)
{
        uint64_t v[4] = {secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
                         secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573};
        const unsigned char *bytes = key;
        size_t left = size;
        for (; left >= 8; left -= 8, bytes += 8) {
                uint64_t word;
                memcpy(&word, bytes, 8);
                v[3] ^= word;
                sip_round(v);
                v[0] ^= word;
        }
        uint64_t last = (uint64_t)size << 56;
        for (size_t i = 0; i < left; i++)
                last |= (uint64_t)bytes[i] << (8 * i);
        v[3] ^= last;
        sip_round(v);
        v[0] ^= last;
        v[2] ^= 0xff;
        sip_round(v);
        sip_round(v);
        sip_round(v);
        uint64_t hash = v[0] ^ v[1] ^ v[2] ^ v[3];
        return hash ? hash : 1;
}

void map_done(struct map *m)
{
        free(m->slots);
        *m = (struct map){};
}

static struct map_slot *map_find(const struct map *m, uint64_t hash, const void *key, size_t size)
{
        if (!m->allocated)
                return NULL;
        for (size_t i = hash & (m->allocated - 1);; i = (i + 1) & (m->allocated - 1)) {
                struct map_slot *slot = &m->slots[i];
                if (!slot->hash)
                        return NULL;
                if (slot->value && slot->hash == hash && slot->size == size && !memcmp(slot->key, key, size))
                        return slot;
        }
}

static void map_insert(struct map *m, struct map_slot entry)
{
        size_t i = entry.hash & (m->allocated - 1);
        while (m->slots[i].hash)
                i = (i + 1) & (m->allocated - 1);
        m->slots[i] = entry;
        m->count++;
        m->used++;
}

static int map_rebuild(struct map *m)
{
        struct map bigger = {.allocated = 16};
        while (bigger.allocated < m->count * 4)
                bigger.allocated *= 2;
        bigger.slots = calloc(bigger.allocated, sizeof(*bigger.slots));
        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < m->allocated; i++)
                if (m->slots[i].value)
                        map_insert(&bigger, m->slots[i]);
        free(m->slots);
        *m = bigger;
        return 0;
}

void *map_get(const struct map *m, const void *key, size_t size)
{
        struct map_slot *slot = map_find(m, map_hash(key, size), key, size);
        return slot ? slot->value : NULL;
}

int map_put(struct map *m, const void *key, size_t size, void *value)
{
        uint64_t hash = map_hash(key, size);
        struct map_slot *slot = map_find(m, hash, key, size);
        if (slot) {
                slot->key = key;
                slot->value = value;
                return 0;
        }
        if (m->used * 4 >= m->allocated * 3) {
                int r = map_rebuild(m);
                if (r < 0)
                        return r;
        }
        map_insert(m, (struct map_slot){hash, key, size, value});
        return 0;
}

void *map_remove(struct map *m, const void *key, size_t size)
{
        struct map_slot *slot = map_find(m, map_hash(key, size), key, size);
        if (!slot)
                return NULL;
        m->count--;
        return TAKE_PTR(slot->value);
}

void *map_get_str(const struct map *m, const char *key)
{
        return map_get(m, key, strlen(key));
}

int map_put_str(struct map *m, const char *key, void *value)
{
        return map_put(m, key, strlen(key), value);
}

bool map_next(const struct map *m, size_t *iterator, const void **ret_key, size_t *ret_size, void **ret_value)
{
        for (; *iterator < m->allocated; (*iterator)++) {
                const struct map_slot *slot = &m->slots[*iterator];
                if (!slot->value)
                        continue;
                (*iterator)++;
                if (ret_key)
                        *ret_key = slot->key;
                if (ret_size)
                        *ret_size = slot->size;
                if (ret_value)
                        *ret_value = slot->value;
                return true;
        }
        return false;
}
