/* SPDX-License-Identifier: Apache-2.0 */

/* A slot must bear the function's name and lead to its very address: a function of the same name in another
 * library, and the versions that IFUNC chooses from when the program starts, are not it. */

#include "evidence/native_calls.h"

#include "base/map.h"
#include "memory/lazy_slots.h"
#include "memory/live_elf.h"

#include <errno.h>

enum { MOST_OBJECTS = 4096 };

struct calls {
        struct map wanted; /* name → index, plus 1 */
        const uint64_t *addresses;
        bool *called;
};

bool native_is_linker(const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        return str_starts(name, "ld-linux") || str_starts(name, "ld-2.") || str_starts(name, "ld64.so") ||
               str_starts(name, "ld.so");
}

static int on_slot(void *context, const char *name, uint64_t address)
{
        struct calls *c = context;
        uintptr_t index = (uintptr_t)map_get_str(&c->wanted, name);
        if (index && c->addresses[index - 1] == address)
                c->called[index - 1] = true;
        return 0;
}

static int find_wanted(struct image *i, uint64_t start, const struct native_query *queries, size_t count,
                       uint64_t *addresses, struct calls *c)
{
        struct live_elf target;
        int r = live_elf_open(i, start, &target);
        for (size_t n = 0; r == 0 && n < count; n++)
                if (!queries[n].provider &&
                    live_elf_symbol(i, &target, queries[n].function, &addresses[n]) == 0)
                        r = map_put_str(&c->wanted, queries[n].function, (void *)(uintptr_t)(n + 1));
        return r;
}

int native_called(struct image *i, uint64_t start, const struct native_query *queries, size_t count,
                  bool *ret_called)
{
        _cleanup_free_ uint64_t *addresses = calloc(MAX(count, (size_t)1), sizeof(*addresses));
        struct calls c = {.addresses = addresses, .called = ret_called};
        size_t objects = 0;
        memset(ret_called, 0, count * sizeof(*ret_called));
        int r = addresses ? find_wanted(i, start, queries, count, addresses, &c) : -ENOMEM;
        for (size_t n = 0; r == 0 && n < i->area_count && objects < MOST_OBJECTS; n++) {
                const struct image_area *area = &i->areas[n];
                if (area->offset || area->path[0] != '/' || native_is_linker(area->path) ||
                    (n && !strcmp(area->path, i->areas[n - 1].path)))
                        continue;
                objects++;
                lazy_slots_walk(i, area->start, on_slot, &c);
        }
        map_done(&c.wanted);
        return r;
}
