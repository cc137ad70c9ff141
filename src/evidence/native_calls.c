/* SPDX-License-Identifier: Apache-2.0 */

/* A slot must bear the function's name and lead to its very address: a function of the same name in another
 * library, and the versions that IFUNC chooses from when the program starts, are not it. */

#include "evidence/native_calls.h"

#include "base/map.h"
#include "memory/lazy_slots.h"
#include "memory/live_elf.h"

#include <errno.h>

enum { MOST_OBJECTS = 4096 };

/* A function that is asked for; others may lie at its address. */
struct wanted {
        uint64_t address; /* a key of `addresses` */
        size_t next;      /* index, plus 1; 0: the last */
};

struct calls {
        struct map addresses; /* → index of the first there, plus 1 */
        const struct native_query *queries;
        struct wanted *wanted;
        bool *called;
};

bool native_is_linker(const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        return str_starts(name, "ld-linux") || str_starts(name, "ld-2.") || str_starts(name, "ld64.so") ||
               str_starts(name, "ld.so");
}

static size_t wanted_at(const struct calls *c, uint64_t address)
{
        return (uintptr_t)map_get(&c->addresses, &address, sizeof(address));
}

static bool wants(void *context, uint64_t address)
{
        return wanted_at(context, address) != 0;
}

static int on_slot(void *context, const char *name, uint64_t address)
{
        struct calls *c = context;
        for (size_t n = wanted_at(c, address); n; n = c->wanted[n - 1].next)
                if (!strcmp(c->queries[n - 1].function, name))
                        c->called[n - 1] = true;
        return 0;
}

/* Where the object begins, 0: nowhere, or it cannot be told which of several it is. */
static uint64_t begin_of(const struct image *i, const char *path)
{
        uint64_t begin = 0;
        for (size_t n = 0; n < i->area_count; n++) {
                const struct image_area *area = &i->areas[n];
                if (area->offset || strcmp(area->path, path) != 0 ||
                    (n && begin && !strcmp(i->areas[n - 1].path, path)))
                        continue;
                if (begin)
                        return 0;
                begin = area->start;
        }
        return begin;
}

/* Functions of one object are asked for one behind the other. */
static int find_wanted(struct image *i, size_t count, struct calls *c)
{
        const struct native_query *queries = c->queries;
        struct live_elf target;
        bool there = false;
        for (size_t n = 0; n < count; n++) {
                const struct native_query *q = &queries[n];
                if (!n || strcmp(q->container, queries[n - 1].container) != 0) {
                        uint64_t begin = begin_of(i, q->container);
                        there = begin && live_elf_open(i, begin, &target) == 0;
                }
                if (!there || q->provider ||
                    live_elf_symbol(i, &target, q->function, &c->wanted[n].address) < 0)
                        continue;
                uint64_t *at = &c->wanted[n].address;
                c->wanted[n].next = wanted_at(c, *at);
                if (map_put(&c->addresses, at, sizeof(*at), (void *)(uintptr_t)(n + 1)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int native_called(struct image *i, const struct native_query *queries, size_t count, bool *ret_called)
{
        _cleanup_free_ struct wanted *wanted = calloc(MAX(count, (size_t)1), sizeof(*wanted));
        struct calls c = {.queries = queries, .wanted = wanted, .called = ret_called};
        struct lazy_slot_handler handler = {&c, wants, on_slot};
        size_t objects = 0;
        memset(ret_called, 0, count * sizeof(*ret_called));
        int r = wanted ? find_wanted(i, count, &c) : -ENOMEM;
        for (size_t n = 0; r == 0 && c.addresses.count && n < i->area_count && objects < MOST_OBJECTS; n++) {
                const struct image_area *area = &i->areas[n];
                if (area->offset || area->path[0] != '/' || native_is_linker(area->path) ||
                    (n && !strcmp(area->path, i->areas[n - 1].path)))
                        continue;
                objects++;
                lazy_slots_walk(i, area->start, &handler);
        }
        map_done(&c.addresses);
        return r;
}
