/* SPDX-License-Identifier: Apache-2.0 */

/* Only a scan of all memory finds code that no import brought, and it is dear. So each later look browses a
 * part of the memory, for nothing but what the last scan did not see; when something is there that stays,
 * all is scanned again. What is answered comes from scans and from polling: a part that was not browsed yet
 * can hide new code, as the time between two scans would, and cannot change what is said of the known. */

#include "evidence/cpython_judge.h"
#include "evidence/cpython_look.h"
#include "evidence/cpython_marks.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
        PARTS = 10, /* looks that it takes to go through a small process */
        LEAST_PART = 1 << 20,
        PART_CPU_NS = 5000000, /* a larger process takes more looks */
        MOST_NEWS = 256,
        MOST_CALLEES = 1 << 20,
        HEAD_UNITS = 16, /* ob_size of code objects from 3.11 on: units of bytecode */
};

struct browsing {
        struct cpython *c;
        struct image *i;
        uint64_t start, size; /* of the run that is at hand */
        const char *bytes;
        size_t code_at, known_at;       /* how far the lists lie below it */
        uint64_t done, most, cpu_start; /* bytes, of this part; CPU time, ns */
        char units[2 * CPYTHON_UNITS];
};

/* What lies within the run, else what is read into `room`; NULL: it cannot be read. */
static const void *bytes_at(const struct browsing *b, uint64_t address, size_t size, void *room)
{
        if (address >= b->start && size <= b->size && address - b->start <= b->size - size)
                return b->bytes + (address - b->start);
        return image_read(b->i, address, room, size) == 0 ? room : NULL;
}

static void put_new(struct cpython *c, uint64_t address, uint64_t type, uint64_t value)
{
        vec_each (known, &c->news)
                if (known->address == address && known->value == value)
                        return;
        struct cpython_new *new = c->news.count < MOST_NEWS ? vec_add(&c->news) : NULL;
        if (new)
                *new = (struct cpython_new){address, type, value};
        else
                c->many_news = true;
}

/* ---- code ------------------------------------------------------------------------------------------- */

static void put_callee(void *context, uint32_t version)
{
        struct cpython *c = context;
        uint32_t *slot = c->callees.count < MOST_CALLEES ? vec_add(&c->callees) : NULL;
        if (slot)
                *slot = version;
}

/* From 3.12 on it is seen which instructions of a code have run: more of them than when it was scanned. */
static void read_again(struct browsing *b, const struct cpython_known *known, const char *code)
{
        struct cpython *c = b->c;
        uint64_t count;
        if (known->site == CPYTHON_NOWHERE || c->layout.minor < 12)
                return;
        const struct cpython_site *site = &c->sites.items[known->site];
        cpython_note_replacing(c, b->i, site->file, site->name, known->address);
        memcpy(&count, code + HEAD_UNITS, sizeof(count));
        if (c->layout.minor != 12 || count > CPYTHON_UNITS)
                return;
        const void *units = bytes_at(b, known->address + c->layout.code_size, 2 * count, b->units);
        if (units)
                cpython_312_each_callee(units, count, put_callee, c);
}

static void take_code(struct browsing *b, uint64_t address)
{
        struct cpython *c = b->c;
        uint64_t head[2], room[CPYTHON_CODE / 8];
        const char *code = bytes_at(b, address, c->layout.code_size, room);
        if (!code)
                return;
        memcpy(head, code, sizeof(head));
        if (!cpython_head_alive(b->i, &c->layout, head, c->layout.code))
                return;
        uint64_t identity = cpython_identity(&c->layout, code);
        while (b->code_at < c->codes.count && c->codes.items[b->code_at].address < address)
                b->code_at++;
        while (b->known_at < c->known.count && c->known.items[b->known_at].address < address)
                b->known_at++;
        const struct cpython_code *silent = b->code_at < c->codes.count ? c->codes.items + b->code_at : NULL;
        const struct cpython_known *known =
                b->known_at < c->known.count ? c->known.items + b->known_at : NULL;
        if (silent && silent->address == address && silent->identity == identity)
                return;
        if (known && known->address == address && known->identity == (uint32_t)identity)
                read_again(b, known, code);
        else
                put_new(c, address, c->layout.code, identity);
}

/* ---- functions and modules --------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

/* The lists begin with the address, so that one comparison serves both. */
_Static_assert(!offsetof(struct cpython_code, address) && !offsetof(struct cpython_known, address), "");

#define find_in(list, address)                                                        \
        ((__typeof__((list)->items))bsearch(&(address), (list)->items, (list)->count, \
                                            sizeof(*(list)->items), compare_addresses))

static bool has_run(const struct cpython *c, uint32_t site)
{
        return site == CPYTHON_NOWHERE || c->sites.items[site].ran || c->sites.items[site].body;
}

/* A function is news if it is the first that owns its code, or (3.12) if what made it seems not to have run.
 */
static void take_function(struct browsing *b, uint64_t address)
{
        struct cpython *c = b->c;
        const struct cpython_layout *l = &c->layout;
        uint64_t head[2], code, room[32];
        const char *bytes =
                l->func_code + 8 <= sizeof(room) ? bytes_at(b, address, l->func_code + 8, room) : NULL;
        if (!bytes)
                return;
        memcpy(head, bytes, sizeof(head));
        memcpy(&code, bytes + l->func_code, sizeof(code));
        if (!cpython_head_alive(b->i, l, head, l->function))
                return;
        const struct cpython_code *silent = c->codes.count ? find_in(&c->codes, code) : NULL;
        const struct cpython_known *known = c->known.count ? find_in(&c->known, code) : NULL;
        if ((silent && (!c->sites.items[silent->site].claimed || !has_run(c, silent->parent))) ||
            (known && !has_run(c, known->parent)))
                put_new(c, address, l->function, code);
}

static void take_module(struct browsing *b, uint64_t address)
{
        vec_each (sys, &b->c->systems)
                if (*sys == address)
                        return;
        if (cpython_is_system(b->c, b->i, address))
                put_new(b->c, address, b->c->layout.module, 0);
}

/* ---- a part ------------------------------------------------------------------------------------------ */

static bool wants(void *context, const struct image_area *area)
{
        return cpython_holds_objects(&((struct browsing *)context)->c->layout, area);
}

static int take_mark(void *context, size_t place, uint64_t type)
{
        struct browsing *b = context;
        const struct cpython_layout *l = &b->c->layout;
        uint64_t object = b->start + place - l->type;
        if (type == l->code)
                take_code(b, object);
        else if (type == l->function)
                take_function(b, object);
        else
                take_module(b, object);
        return 0;
}

static int take_run(void *context, uint64_t address, const void *bytes, size_t size)
{
        struct browsing *b = context;
        b->start = address;
        b->bytes = bytes;
        b->size = size;
        cpython_each_mark(&b->c->layout, bytes, size, take_mark, b);
        b->done += size;
        b->c->browsed = address + size;
        b->c->browsed_bytes += size;
        return b->done >= b->most || clock_cpu() - b->cpu_start >= PART_CPU_NS ? -ECANCELED : 0;
}

static int compare_numbers(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

/* All memory was gone through: whether code that seems not to have run was called. */
static bool any_called(struct cpython *c)
{
        bool called = false;
        if (c->callees.count)
                qsort(c->callees.items, c->callees.count, sizeof(uint32_t), compare_numbers);
        for (size_t n = 0; c->callees.count && !called && n < c->codes.count; n++) {
                uint32_t version = c->codes.items[n].version;
                called = version && bsearch(&version, c->callees.items, c->callees.count, sizeof(uint32_t),
                                            compare_numbers);
        }
        vec_done(&c->callees);
        return called;
}

/* ---- news -------------------------------------------------------------------------------------------- */

static bool is_there(const struct cpython *c, struct image *i, const struct cpython_new *new)
{
        const struct cpython_layout *l = &c->layout;
        uint64_t head[2], value = 0;
        char bytes[CPYTHON_CODE] = {};
        size_t size = new->type == l->code ? l->code_size : new->type == l->function ? l->func_code + 8 : 16;
        struct remote_piece piece = {new->address, bytes, MIN(size, sizeof(bytes)), 0};
        if (image_read_pieces(i, &piece, 1) < 0 || piece.got < piece.size)
                return false;
        memcpy(head, bytes, sizeof(head));
        if (new->type == l->code)
                value = cpython_identity(l, bytes);
        else if (new->type == l->function)
                memcpy(&value, bytes + l->func_code, sizeof(value));
        return cpython_head_alive(i, l, head, new->type) && value == new->value;
}

/* Much code lives for one call: who comes by chance sees some of it. */
static bool any_stays(struct cpython *c, struct image *i)
{
        size_t kept = 0;
        for (size_t n = 0; n < c->news.count; n++)
                if (is_there(c, i, &c->news.items[n]))
                        c->news.items[kept++] = c->news.items[n];
        c->news.count = kept;
        return kept || c->many_news;
}

bool cpython_is_browsable(const struct cpython *c)
{
        const struct cpython_layout *l = &c->layout;
        return l->minor > 7 && l->minor <= CPYTHON_NEWEST && !l->free_threaded && c->scan_is_final &&
               c->key_modules && c->key_load && c->key_exec && c->key_compile && c->key_open;
}

void cpython_browse_anew(struct cpython *c)
{
        c->browsed = c->browsed_bytes = 0;
        c->many_news = c->waiting = false;
        vec_done(&c->news);
        vec_done(&c->callees);
}

#define order(list)                                                                                     \
        do {                                                                                            \
                bool _ordered = true;                                                                   \
                for (size_t _n = 1; _ordered && _n < (list)->count; _n++)                               \
                        _ordered = (list)->items[_n - 1].address < (list)->items[_n].address;           \
                if (!_ordered)                                                                          \
                        qsort((list)->items, (list)->count, sizeof(*(list)->items), compare_addresses); \
        } while (0)

int cpython_browse(struct cpython *c, struct image *i)
{
        struct browsing *b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        order(&c->codes);
        order(&c->known);
        b->c = c;
        b->i = i;
        b->cpu_start = clock_cpu();
        /* A process that has grown since is gone through as fast as a large one. */
        b->most = c->browsed_bytes > c->scan_bytes ? UINT64_MAX
                                                   : MAX(c->scan_bytes / PARTS, (uint64_t)LEAST_PART);
        bool checks = c->looks - c->last_held >= CPYTHON_SCAN_EVERY;
        bool held = checks && cpython_modules_are_held(c, i);
        uint64_t cursor = c->browsed;
        int r = image_scan(i, &cursor, wants, take_run, b);
        free(b);
        if (r == 0) {
                c->scan_bytes = c->browsed_bytes;
                c->browsed = c->browsed_bytes = 0;
                c->waiting |= any_called(c);
        } else if (r == 1) {
                c->browsed = cursor;
        } else if (r != -ECANCELED) {
                return r;
        }
        if (checks)
                cpython_note_held(c, i, held);
        return c->looks - c->last_scan >= CPYTHON_SCAN_EVERY && (c->waiting || any_stays(c, i));
}
