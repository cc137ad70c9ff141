/* SPDX-License-Identifier: Apache-2.0 */

/* What was found in memory is read as code, and as what owns code. Whatever is not exactly what it should be
 * is left out: freed objects and half-made ones lie beside the living. */

#include "evidence/cpython_judge.h"
#include "evidence/cpython_look.h"
#include "evidence/cpython_object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
        MOST_CONSTANTS = 65536,
        MOST_LINKS = 1 << 23,  /* constants of all code: much code may name the same ones */
        MOST_DOUBTS = 1 << 16, /* of what is concluded, and does not hold */
        MOST_CALLEES = 1 << 20,
        HEAD_UNITS = 16,           /* ob_size of code objects from 3.11 on: units of bytecode */
        CODE_VERSION = 92,         /* co_version, from 3.12 on: a number of its own for each code object */
        FUNCTION_VERSION = 136,    /* func_version: that of the code that the function was made of */
        FUNCTION_VERSION_14 = 144, /* … from 3.14 on */
};

/* The same few str objects name the files of all code. */
const char *look_text(struct look *k, uint64_t object)
{
        const char *known = object ? map_get(&k->texts, &object, sizeof(object)) : NULL;
        if (known || !object)
                return known;
        if (cpython_text(k->i, &k->c->layout, object, k->text, sizeof(k->text)) < 0)
                return NULL;
        uint64_t *key = arena_alloc(&k->arena, sizeof(*key));
        known = cpython_intern(k->c, k->text);
        if (!key || !known)
                return NULL;
        *key = object;
        return map_put(&k->texts, key, sizeof(*key), (void *)known) == 0 ? known : NULL;
}

struct seen_code *look_code_at(const struct look *k, uint64_t address)
{
        size_t low = 0, high = k->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (k->codes[middle].address < address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < k->count && k->codes[low].address == address && k->codes[low].valid ? &k->codes[low]
                                                                                         : NULL;
}

static uint64_t word_at(const char *code, unsigned offset)
{
        uint64_t value;
        memcpy(&value, code + offset, sizeof(value));
        return value;
}

static int32_t int_at(const char *code, unsigned offset)
{
        int32_t value;
        memcpy(&value, code + offset, sizeof(value));
        return value;
}

static void put_callee(void *context, uint32_t version)
{
        struct look *k = context;
        uint32_t *slot = k->callees.count < MOST_CALLEES ? vec_add(&k->callees) : NULL;
        if (slot)
                *slot = version;
}

static void judge_code(struct look *k, const char *bytes, struct seen_code *s)
{
        struct cpython *c = k->c;
        size_t units = cpython_units_needed(&c->layout, s->units);
        s->unsure = s->units > CPYTHON_UNITS;
        if (s->unsure)
                units = MIN(units, (size_t)CPYTHON_UNITS);
        if (image_read(k->i, s->address + c->layout.code_size, k->units, 2 * units) < 0) {
                s->unsure = s->odd = true;
                c->lost++;
                return;
        }
        bool traced = false; /* told once it is confirmed */
        enum cpython_ran ran = cpython_judge(&c->layout, bytes, k->units, units, &traced);
        s->ran = ran == CPYTHON_RAN;
        s->odd = s->unsure || ran == CPYTHON_ODD;
        if (c->layout.minor == 12 && s->ran)
                cpython_312_each_callee(k->units, units, put_callee, k);
        s->unsure |=
                ran != CPYTHON_NOT_RUN || (c->layout.minor == 12 && !cpython_312_is_sound(k->units, units));
}

static void read_code(struct look *k, uint64_t address, struct seen_code *s)
{
        const struct cpython_layout *l = &k->c->layout;
        char bytes[CPYTHON_CODE];
        *s = (struct seen_code){.address = address, .parent = -1, .shelter = -1, .site = UINT32_MAX};
        if (!cpython_alive(k->i, l, address, l->code) || image_read(k->i, address, bytes, l->code_size) < 0)
                return;
        s->file = word_at(bytes, l->file);
        s->name = word_at(bytes, l->name);
        s->qualname = l->qualname ? word_at(bytes, l->qualname) : 0;
        s->consts = word_at(bytes, l->consts);
        s->line = int_at(bytes, l->line);
        s->flags = int_at(bytes, l->flags);
        s->identity = cpython_identity(l, bytes);
        s->version = l->minor >= 12 ? (uint32_t)int_at(bytes, CODE_VERSION) : 0;
        uint64_t units = l->minor >= 11 ? word_at(bytes, HEAD_UNITS) : 1;
        /* The frame that C calls Python through has code, too: "<shim>" (3.12). */
        if (s->line < 0 || !units || units > UINT32_MAX / 4 ||
            image_u64(k->i, s->consts + l->type) != l->tuple || !(s->file_text = look_text(k, s->file)) ||
            !(s->name_text = look_text(k, s->name)) || !strcmp(s->file_text, "<shim>"))
                return;
        s->units = (uint32_t)units;
        s->valid = true;
        judge_code(k, bytes, s);
}

static int read_codes(struct look *k)
{
        const address_list *found = &k->found->codes;
        k->codes = malloc(MAX(found->count, (size_t)1) * sizeof(*k->codes));
        if (!k->codes)
                return -ENOMEM;
        /* Addresses of a scan that was broken off and begun anew would not be in order. */
        for (size_t n = 0; n < found->count && !(n % 64 ? k->i->failed : image_spent(k->i)); n++)
                if (!k->count || found->items[n] > k->codes[k->count - 1].address)
                        read_code(k, found->items[n], &k->codes[k->count++]);
        if (k->i->failed && k->i->failed != -EDQUOT)
                return k->i->failed;
        return 0;
}

/* ---- owners ----------------------------------------------------------------------------------------- */

/* A `def` gives the function the number of its code; who changes the function takes that away. */
static bool is_as_made(struct look *k, const struct seen_code *s, uint64_t function)
{
        unsigned minor = k->c->layout.minor;
        unsigned offset = minor >= 14 ? FUNCTION_VERSION_14 : FUNCTION_VERSION;
        return minor < 12 || (s->version && image_u32(k->i, function + offset) == s->version);
}

static void link_functions(struct look *k)
{
        const struct cpython_layout *l = &k->c->layout;
        vec_each (function, &k->found->functions) {
                if (!cpython_alive(k->i, l, *function, l->function))
                        continue;
                struct seen_code *s = look_code_at(k, image_u64(k->i, *function + l->func_code));
                if (!s)
                        continue;
                bool modified = !is_as_made(k, s, *function);
                if (!s->function || (s->modified && !modified)) {
                        s->function = *function;
                        s->modified = modified;
                }
        }
}

/* Functions own code; so do, through their constants, all codes that hold them. Where constants were freed
 * and their memory was used again, what lies there now is another file's. */
static void link_constants(struct look *k)
{
        uint64_t links = 0;
        for (size_t n = 0; n < k->count; n++) {
                const struct seen_code *s = &k->codes[n];
                bool holds = s->valid && cpython_alive(k->i, &k->c->layout, s->consts, k->c->layout.tuple);
                uint64_t size = holds ? image_u64(k->i, s->consts + 16) : 0;
                uint64_t items = s->consts + cpython_tuple_items(&k->c->layout);
                size = size <= MOST_CONSTANTS ? size : 0;
                links += size;
                if (links > MOST_LINKS) {
                        k->c->lost++;
                        return;
                }
                for (size_t item = 0; item < size; item++) {
                        struct seen_code *child = look_code_at(k, image_u64(k->i, items + 8 * item));
                        if (!child || child == s || child->parent >= 0 || child->file_text != s->file_text)
                                continue;
                        child->parent = (int32_t)n;
                        child->parent_item = (uint32_t)item;
                }
        }
}

static void take_frames(struct look *k)
{
        const struct cpython_layout *l = &k->c->layout;
        vec_each (frame, &k->found->frames) {
                struct seen_code *s = cpython_alive(k->i, l, *frame, l->frame)
                                              ? look_code_at(k, image_u64(k->i, *frame + FRAME_CODE))
                                              : NULL;
                if (s) {
                        s->ran = true;
                        s->frame = *frame;
                }
        }
}

/* ---- 3.12: what one code says of another -------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

/* Versions are never given twice. A generator that is called need not start. */
static void infer_callees(struct look *k)
{
        if (!k->callees.count)
                return;
        qsort(k->callees.items, k->callees.count, sizeof(uint32_t), compare_numbers);
        for (size_t n = 0; n < k->count; n++) {
                struct seen_code *s = &k->codes[n];
                if (s->valid && !s->ran && s->version && !(s->flags & CO_SUSPENDS) &&
                    bsearch(&s->version, k->callees.items, k->callees.count, sizeof(uint32_t),
                            compare_numbers))
                        s->ran = s->inferred = true;
        }
}

/* The pages of a look were not read at one time: what is concluded from two of them is read once more. */
static bool still_holds(struct look *k, const struct seen_code *parent, const struct seen_code *child)
{
        const struct cpython_layout *l = &k->c->layout;
        uint64_t function[2], code, item, consts;
        struct remote_piece pieces[] = {
                {child->function, function, sizeof(function), 0},
                {child->function + l->func_code, &code, sizeof(code), 0},
                {parent->consts + cpython_tuple_items(l) + 8 * child->parent_item, &item, sizeof(item), 0},
                {parent->address + l->consts, &consts, sizeof(consts), 0},
        };
        if (image_read_pieces(k->i, pieces, ARRAY_SIZE(pieces)) < 0)
                return false;
        for (size_t n = 0; n < ARRAY_SIZE(pieces); n++)
                if (pieces[n].got < pieces[n].size)
                        return false;
        return cpython_head_alive(k->i, l, function, l->function) && code == child->address &&
               item == child->address && consts == parent->consts;
}

/* A nested function that exists was made by running what it is nested in. */
static void infer_parents(struct look *k)
{
        bool changed = true;
        size_t doubts = 0;
        for (unsigned pass = 0; changed && pass < CPYTHON_DEPTH; pass++) {
                changed = false;
                for (size_t n = 0; n < k->count; n++) {
                        const struct seen_code *s = &k->codes[n];
                        struct seen_code *parent = s->parent >= 0 ? &k->codes[s->parent] : NULL;
                        if (!parent || parent->ran || !s->valid || (!s->inferred && !s->function))
                                continue;
                        if (s->inferred || still_holds(k, parent, s))
                                changed = parent->ran = parent->inferred = true;
                        else if (++doubts > MOST_DOUBTS)
                                return;
                }
        }
}

/* What is nested in a function that has not run has not run either: no function was made of it. */
static int32_t shelter_of(const struct look *k, const struct seen_code *s)
{
        for (unsigned depth = 0; depth < CPYTHON_DEPTH && s->parent >= 0 && !s->function; depth++) {
                int32_t parent = s->parent;
                s = &k->codes[parent];
                if (!s->ran && !s->unsure && !is_body(s))
                        return parent;
        }
        return -1;
}

static void infer_children(struct look *k)
{
        for (size_t n = 0; n < k->count; n++) {
                struct seen_code *s = &k->codes[n];
                if (s->valid && s->unsure && !s->ran && !s->odd)
                        s->unsure = (s->shelter = shelter_of(k, s)) < 0;
        }
}

/* Compiled modules make code objects for tracebacks that hold no code: those have no owner. */
static void count_odd(struct look *k)
{
        for (size_t n = 0; n < k->count; n++) {
                const struct seen_code *s = &k->codes[n];
                if (!s->valid || (!s->function && s->parent < 0))
                        continue;
                k->c->judged++;
                k->c->odd += s->odd && s->units <= CPYTHON_UNITS;
        }
}

int look_read_codes(struct look *k)
{
        int r = read_codes(k);
        if (r < 0)
                return r;
        link_functions(k);
        link_constants(k);
        count_odd(k);
        take_frames(k);
        for (size_t n = 0; n < k->count; n++)
                k->codes[n].modified &= k->codes[n].parent < 0;
        if (k->c->layout.minor == 12) {
                infer_callees(k);
                infer_parents(k);
                infer_children(k);
        }
        return 0;
}
