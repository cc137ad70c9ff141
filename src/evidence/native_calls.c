/* SPDX-License-Identifier: Apache-2.0 */

/* A slot must bear the function's name and lead to its very address: a function of the same name in another
 * library, and the versions that IFUNC chooses from when the program starts, are not it. Few slots lead into
 * the libraries that are asked about at all, so that symbols are looked up for those alone. */

#include "evidence/native_calls.h"

#include "base/map.h"
#include "memory/lazy_slots.h"
#include "memory/live_elf.h"

#include <errno.h>

enum { MOST_OBJECTS = 4096 };

/* A function that is asked for; other objects may have one of the same name. */
struct wanted {
        const struct live_elf *object;
        size_t next; /* index, plus 1; 0: the last */
};

struct calls {
        struct image *image;
        struct live_elf *objects; /* that are asked about */
        size_t count;
        struct wanted *wanted;
        struct map names; /* → index of the first, plus 1 */
        bool *called;
};

bool native_is_linker(const char *path)
{
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        return str_starts(name, "ld-linux") || str_starts(name, "ld-2.") || str_starts(name, "ld64.so") ||
               str_starts(name, "ld.so");
}

static bool lies_in(const struct live_elf *e, uint64_t address)
{
        return address >= e->start && address < e->end;
}

static bool wants(void *context, uint64_t address)
{
        const struct calls *c = context;
        for (size_t n = 0; n < c->count; n++)
                if (lies_in(&c->objects[n], address))
                        return true;
        return false;
}

static int on_slot(void *context, const char *name, uint64_t address)
{
        struct calls *c = context;
        for (size_t n = (uintptr_t)map_get_str(&c->names, name); n; n = c->wanted[n - 1].next) {
                const struct wanted *w = &c->wanted[n - 1];
                uint64_t found;
                if (!c->called[n - 1] && lies_in(w->object, address) &&
                    live_elf_symbol(c->image, w->object, name, &found) == 0 && found == address)
                        c->called[n - 1] = true;
        }
        return image_spent(c->image);
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
static int find_objects(struct calls *c, const struct native_query *queries, size_t count)
{
        bool there = false;
        for (size_t n = 0; n < count; n++) {
                const struct native_query *q = &queries[n];
                if (!n || strcmp(q->container, queries[n - 1].container) != 0) {
                        uint64_t begin = begin_of(c->image, q->container);
                        there = begin && live_elf_open(c->image, begin, &c->objects[c->count]) == 0;
                        c->count += there;
                }
                if (!there || q->provider)
                        continue;
                c->wanted[n] = (struct wanted){.object = &c->objects[c->count - 1],
                                               .next = (uintptr_t)map_get_str(&c->names, q->function)};
                if (map_put_str(&c->names, q->function, (void *)(uintptr_t)(n + 1)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

bool native_is_object(const struct image_area *areas, size_t area)
{
        const struct image_area *a = &areas[area];
        return !a->offset && a->path[0] == '/' && !native_is_linker(a->path) &&
               (!area || strcmp(a->path, a[-1].path) != 0);
}

int native_called(struct image *i, const bool *chosen, const struct native_query *queries, size_t count,
                  bool *ret_called)
{
        _cleanup_free_ struct live_elf *objects = calloc(MAX(count, (size_t)1), sizeof(*objects));
        _cleanup_free_ struct wanted *wanted = calloc(MAX(count, (size_t)1), sizeof(*wanted));
        struct calls c = {.image = i, .objects = objects, .wanted = wanted, .called = ret_called};
        struct lazy_slot_handler handler = {&c, wants, on_slot};
        size_t walked = 0;
        memset(ret_called, 0, count * sizeof(*ret_called));
        int r = objects && wanted ? find_objects(&c, queries, count) : -ENOMEM;
        for (size_t n = 0; r == 0 && c.count && n < i->area_count && walked < MOST_OBJECTS; n++) {
                if (!chosen[n] || !native_is_object(i->areas, n))
                        continue;
                walked++;
                lazy_slots_walk(i, i->areas[n].start, &handler);
        }
        map_done(&c.names);
        return r;
}
