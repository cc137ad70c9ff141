/* SPDX-License-Identifier: Apache-2.0 */
/* The engine on a recorded process that a hostile program has changed: each 16 bytes of input overwrite one
 * word, by a number or by the address of another place in the image. The first byte chooses the image, and
 * its highest bit whether it exports anything, the next one whether more is overwritten, and looked at until
 * all has been scanned again, behind the first look, and the one below whether the record is let go of
 * meanwhile.
 *
 * Of the words of an image few matter. So inputs are not made of chance alone: what is overwritten are mostly
 * fields of objects, with addresses of other objects, bounds of numbers, and what the same field of another
 * object holds. */
#include "recorded.h"

#include "evidence/cpython_steps.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count_function(void *context, const struct engine_function *f)
{
        if (!f->name || (f->answer == ANSWER_UNKNOWN) != (f->reason != NULL))
                __builtin_trap();
        return ++*(size_t *)context > 1000000;
}

static int count_module(void *context, const struct engine_module *m)
{
        if (!m->name)
                __builtin_trap();
        return ++*(size_t *)context > 1000000;
}

static void overwrite(struct recorded *r, const uint8_t *data, size_t size)
{
        for (size_t at = 0; at + 16 <= size; at += 16) {
                uint32_t page, offset;
                uint64_t value;
                memcpy(&page, data + at, 4);
                memcpy(&offset, data + at + 4, 4);
                memcpy(&value, data + at + 8, 8);
                if (offset & 0x80000000)
                        value = r->addresses[value % r->count] + value % IMAGE_PAGE / 8 * 8;
                memcpy(r->pages + page % r->count * IMAGE_PAGE + offset % (IMAGE_PAGE - 8), &value, 8);
        }
}

enum { IMAGES = 5 };

static struct recorded images[IMAGES];
static char *clean[IMAGES]; /* their pages */

static struct recorded *image_of(size_t which)
{
        static const char *const names[IMAGES] = {"cpython-3.11", "cpython-3.14", "cpython-3.12",
                                                  "cpython-3.7", "cpython-3.9"};
        struct recorded *r = &images[which];
        const char *slash = strrchr(__FILE__, '/');
        char path[4096];
        if (r->count)
                return r;
        snprintf(path, sizeof(path), "%.*s/images/%s", (int)(slash - __FILE__), __FILE__, names[which]);
        if (recorded_load(path, r) < 0)
                return NULL;
        clean[which] = malloc(r->count * IMAGE_PAGE);
        memcpy(clean[which], r->pages, r->count * IMAGE_PAGE);
        return r;
}

/* ---- inputs that know the structures ----------------------------------------------------------------- */

enum { KINDS = 6, FIELDS = 40, RECORD = 16 };

struct object {
        uint64_t address;
        size_t kind;
};

static struct objects {
        VEC(struct object) all;
} objects_of[IMAGES];

static void list_objects(size_t which, const struct recorded *r)
{
        struct image_source source = {(void *)r, recorded_read, recorded_presence};
        struct cpython_layout l = {};
        struct image image;
        if (objects_of[which].all.count || image_open(&image, &source, r->areas.items, r->areas.count,
                                                      (struct image_budget){1 << 30, UINT64_MAX}) < 0)
                return;
        int failed = cpython_recognise(&image, &l);
        image_close(&image);
        const uint64_t types[KINDS] = {l.code, l.function, l.tuple, l.dict, l.module, l.string};
        for (size_t n = 0; failed == 0 && n < r->count * IMAGE_PAGE / 8; n++) {
                uint64_t word, address = r->addresses[n / (IMAGE_PAGE / 8)] + n % (IMAGE_PAGE / 8) * 8;
                memcpy(&word, clean[which] + 8 * n, 8);
                for (size_t k = 0; k < KINDS; k++) {
                        struct object *o = word == types[k] ? vec_add(&objects_of[which].all) : NULL;
                        if (o)
                                *o = (struct object){address - 8, k};
                }
        }
        for (size_t k = 0; failed == 0 && k < KINDS; k++) {
                struct object *o = vec_add(&objects_of[which].all); /* the types themselves */
                if (o)
                        *o = (struct object){types[k], KINDS};
        }
}

static unsigned chance(unsigned *seed, unsigned most)
{
        *seed = *seed * 1664525 + 1013904223;
        return (*seed >> 8) % most;
}

/* One of the kind, or any. */
static const struct object *pick(const struct objects *o, unsigned *seed, size_t kind)
{
        for (unsigned tries = 0; tries < 64; tries++) {
                const struct object *one = &o->all.items[chance(seed, (unsigned)o->all.count)];
                if (one->kind == kind || kind > KINDS)
                        return one;
        }
        return o->all.items;
}

static uint64_t value_for(const struct objects *o, const struct recorded *r, unsigned *seed,
                          const struct object *at, unsigned field)
{
        static const uint64_t bounds[] = {0,       1,          UINT64_MAX, 1 << 10,       1 << 16,
                                          1 << 24, 1ull << 31, UINT32_MAX, 1ull << 32,    1ull << 40,
                                          17,      0xfff8,     1ull << 63, (1 << 16) - 1, 4096};
        const struct object *other = pick(o, seed, chance(seed, 4) ? at->kind : KINDS + 1);
        const char *page = recorded_page(r, (other->address + 8 * field) / IMAGE_PAGE * IMAGE_PAGE);
        uint64_t word = 0;
        if (page)
                memcpy(&word, page + (other->address + 8 * field) % IMAGE_PAGE / 8 * 8, 8);
        switch (chance(seed, 6)) {
        case 0:
                return bounds[chance(seed, ARRAY_SIZE(bounds))];
        case 1:
                return at->address; /* a circle */
        case 2:
                return pick(o, seed, chance(seed, KINDS))->address;
        case 3:
                return word + chance(seed, 17) - 8;
        case 4:
                return word ^ 1ull << chance(seed, 64);
        default:
                return word;
        }
}

static void make_record(size_t which, const struct recorded *r, unsigned *seed, uint8_t *to)
{
        /* Where the fields lie that are read: of code, of functions …, and of the types. */
        static const unsigned fields[KINDS + 1] = {26, 20, 12, 6, 6, 7, FIELDS};
        const struct objects *o = &objects_of[which];
        const struct object *at = pick(o, seed, chance(seed, 8) ? chance(seed, KINDS) : KINDS);
        unsigned field = chance(seed, fields[at->kind]);
        uint64_t address = at->address + 8 * field, value = value_for(o, r, seed, at, field);
        const char *page = recorded_page(r, address / IMAGE_PAGE * IMAGE_PAGE);
        uint32_t number = page ? (uint32_t)((size_t)(page - r->pages) / IMAGE_PAGE) : 0,
                 offset = address % IMAGE_PAGE;
        memcpy(to, &number, 4);
        memcpy(to + 4, &offset, 4);
        memcpy(to + 8, &value, 8);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) __attribute__((weak));

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
        if (most < 1 + RECORD)
                return size;
        if (!chance(&seed, 12) && LLVMFuzzerMutate)
                return LLVMFuzzerMutate(data, size, most);
        if (!size || !chance(&seed, 8)) {
                data[0] = (uint8_t)chance(&seed, 256);
                size = size ? size : 1;
        }
        size_t which = data[0] % IMAGES, count = (size - 1) / RECORD;
        struct recorded *r = image_of(which);
        if (r)
                list_objects(which, r);
        if (!r || !objects_of[which].all.count)
                return size;
        for (unsigned n = 1 + chance(&seed, 4); n; n--) {
                bool more = !count || (chance(&seed, 2) && 1 + (count + 1) * RECORD <= most);
                size_t at = more ? count++ : chance(&seed, (unsigned)count);
                make_record(which, r, &seed, data + 1 + at * RECORD);
        }
        if (count > 1 && !chance(&seed, 6))
                count--;
        return 1 + count * RECORD;
}

/* ---- looks ------------------------------------------------------------------------------------------- */

/* `later`: what is overwritten behind the first look; NULL: nothing. */
static void look(const struct image_source *source, struct recorded *r, const uint8_t *later, size_t size,
                 bool rests)
{
        void *state = NULL;
        size_t count = 0;
        struct image image;
        struct image_budget budget = {64 << 20, 2000000000};
        for (uint64_t round = 1; round <= (later ? 13 : 2); round++) {
                if (image_open(&image, source, r->areas.items, r->areas.count, budget) < 0)
                        break;
                if (!state && cpython_engine.open(&image, &state) < 0)
                        state = NULL;
                int looked = state ? cpython_engine.look(state, &image, round) : -ENOENT;
                image_close(&image);
                if (looked < 0)
                        break;
                cpython_engine.modules(state, count_module, &count);
                cpython_engine.functions(state, count_function, &count);
                if (rests && (round == 1 || round == 6))
                        cpython_engine.rest(state, size % 64 == 0 && round == 6);
                if (round == 1)
                        overwrite(r, later, size);
        }
        cpython_engine.close(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t which = size ? data[0] % IMAGES : 0;
        struct recorded *r = image_of(which);
        if (!r)
                return 0;
        size_t used = MIN(size ? size - 1 : 0, (size_t)4096), half = used / 32 * 16;
        bool later = size && data[0] & 0x40;
        overwrite(r, data + 1, later ? half : used);
        if (size && data[0] & 0x80)
                recorded_hide_symbols(r);
        struct image_source source = {r, recorded_read, recorded_presence};
        look(&source, r, later ? data + 1 + half : NULL, later ? used - half : 0, size && data[0] & 0x20);
        memcpy(r->pages, clean[which], r->count * IMAGE_PAGE);
        return 0;
}
