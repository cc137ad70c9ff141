/* SPDX-License-Identifier: Apache-2.0 */

/* Instructions are read as they lie there, specialised or not: what they do is the same, and their room is.
 */

#include "evidence/cpython_bytecode.h"
#include "evidence/cpython_object.h"

#include <string.h>

enum {
        TYPE_NAME = 24,       /* tp_name */
        LONGEST_BYTES = 4096, /* that are looked into */
        BYTES_DATA = 32,      /* of a bytes object */
        SIZE = 16,            /* ob_size: of a tuple, of bytes, and from 3.11 on of a code object */
        LOAD_ATTR_12 = 106,
        LOAD_ATTR_13 = 82,
        LOAD_ATTR_14 = 80,
        LOAD_ATTR_15 = 79,
        HAS_DOCSTRING = 0x4000000, /* co_flags, from 3.14 on; before, the first constant was for it */
        FRESH = 17,                /* counters of instructions that have not run */
        FRESH_15 = 9,
};

bool cpython_names_read(const struct cpython *c, struct image *i, uint64_t code, struct cpython_names *ret)
{
        const struct cpython_layout *l = &c->layout;
        uint64_t tuple = image_u64(i, code + l->names);
        ret->count = image_u64(i, tuple + SIZE);
        return ret->count && ret->count <= CPYTHON_NAMES && image_u64(i, tuple + l->type) == l->tuple &&
               image_read(i, tuple + cpython_tuple_items(l), ret->items, 8 * ret->count) == 0;
}

int cpython_name_index(const struct cpython *c, struct image *i, const struct cpython_names *n,
                       const char *wanted)
{
        char text[32];
        for (size_t at = 0; at < n->count; at++)
                if (cpython_text(i, &c->layout, n->items[at], text, sizeof(text)) >= 0 &&
                    !strcmp(text, wanted))
                        return (int)at;
        return CPYTHON_NO_NAME;
}

uint64_t cpython_constant(const struct cpython *c, struct image *i, uint64_t code, uint64_t number)
{
        const struct cpython_layout *l = &c->layout;
        uint64_t tuple = image_u64(i, code + l->consts);
        if (image_u64(i, tuple + l->type) != l->tuple || number >= image_u64(i, tuple + SIZE))
                return 0;
        return image_u64(i, tuple + cpython_tuple_items(l) + 8 * number);
}

bool cpython_has_text(const struct cpython *c, struct image *i, uint64_t code, const char *const *parts,
                      size_t count)
{
        char text[1024];
        bool described = c->layout.minor < 14 || image_u64(i, code + c->layout.flags) & HAS_DOCSTRING;
        for (uint64_t at = described, constant;
             at < CPYTHON_NAMES && (constant = cpython_constant(c, i, code, at)); at++)
                for (size_t p = 0; p < count; p++)
                        if (cpython_text(i, &c->layout, constant, text, sizeof(text)) >= 0 &&
                            strstr(text, parts[p]))
                                return true;
        return false;
}

static bool is_bytes(struct image *i, const struct cpython_layout *l, uint64_t object)
{
        char name[8];
        return image_string(i, image_u64(i, image_u64(i, object + l->type) + TYPE_NAME), name,
                            sizeof(name)) >= 0 &&
               !strcmp(name, "bytes");
}

bool cpython_has_bytes(const struct cpython *c, struct image *i, uint64_t code, const char *const *parts,
                       size_t count)
{
        for (uint64_t at = 0, constant; at < CPYTHON_NAMES && (constant = cpython_constant(c, i, code, at));
             at++) {
                char bytes[LONGEST_BYTES];
                if (!is_bytes(i, &c->layout, constant))
                        continue;
                uint64_t size = MIN(image_u64(i, constant + SIZE), (uint64_t)sizeof(bytes));
                size_t found = 0;
                if (image_read(i, constant + BYTES_DATA, bytes, size) < 0)
                        continue;
                for (size_t p = 0; p < count; p++)
                        found += memmem(bytes, size, parts[p], strlen(parts[p])) != NULL;
                if (found == count)
                        return true;
        }
        return false;
}

bool cpython_has_constant(const struct cpython *c, struct image *i, uint64_t code, uint64_t text)
{
        const struct cpython_layout *l = &c->layout;
        uint64_t tuple = image_u64(i, code + l->consts), count = image_u64(i, tuple + SIZE);
        bool found = false;
        if (!text || image_u64(i, tuple + l->type) != l->tuple)
                return false;
        for (uint64_t at = 0; !found && at < MIN(count, (uint64_t)CPYTHON_NAMES); at++)
                found = image_u64(i, tuple + cpython_tuple_items(l) + 8 * at) == text;
        return found;
}

bool cpython_any_instruction(const struct cpython *c, struct image *i, uint64_t code,
                             bool (*wants)(void *context, const struct cpython_instruction *t), void *context)
{
        const struct cpython_layout *l = &c->layout;
        bool within = l->minor >= 11; /* the code object itself holds them */
        uint64_t bytes = within ? code : image_u64(i, code + l->bytecode);
        uint64_t at = bytes + (within ? l->code_size : BYTES_DATA);
        uint64_t count = image_u64(i, bytes + SIZE) / (within ? 1 : 2);
        uint32_t more = 0;
        for (uint64_t n = 0; n < MIN(count, (uint64_t)CPYTHON_UNITS);) {
                struct cpython_instruction t = {};
                uint8_t unit[2];
                if (image_read(i, at + 2 * n, unit, 2) < 0)
                        return false;
                t.op = unit[0];
                t.argument = more | unit[1];
                t.meaning = cpython_meaning(l->minor, t.op);
                t.room = cpython_room(l->minor, t.op);
                if (t.room && image_read(i, at + 2 * n + 2, &t.counter, 2) < 0)
                        return false;
                if (wants(context, &t))
                        return true;
                more = t.meaning == CPYTHON_EXTENDED ? t.argument << 8 : 0;
                n += 1 + t.room;
        }
        return false;
}

int cpython_named(unsigned minor, const struct cpython_instruction *t)
{
        switch (t->meaning) {
        case CPYTHON_LOAD_GLOBAL:
                return (int)(minor >= 11 ? t->argument >> 1 : t->argument);
        case CPYTHON_LOAD_ATTRIBUTE:
                return (int)(minor >= 12 ? t->argument >> 1 : t->argument);
        case CPYTHON_IMPORT: /* the last bits say how lazy it is */
                return (int)(minor >= 15 ? t->argument >> 2 : t->argument);
        case CPYTHON_LOAD_NAME:
        case CPYTHON_LOAD_METHOD:
        case CPYTHON_IMPORT_FROM:
        case CPYTHON_STORE_ATTRIBUTE:
                return (int)t->argument;
        default:
                return CPYTHON_NO_NAME;
        }
}

bool cpython_is_for_call(unsigned minor, const struct cpython_instruction *t)
{
        return t->meaning == CPYTHON_LOAD_METHOD ||
               (t->meaning == CPYTHON_LOAD_GLOBAL && minor >= 11 && t->argument & 1) ||
               (t->meaning == CPYTHON_LOAD_ATTRIBUTE && minor >= 12 && t->argument & 1);
}

bool cpython_may_have_run(unsigned minor, const struct cpython_instruction *t)
{
        static const uint8_t fresh[] = {LOAD_ATTR_12, LOAD_ATTR_13, LOAD_ATTR_14, LOAD_ATTR_15};
        return minor < 12 || minor > CPYTHON_NEWEST || t->op != fresh[minor - 12] ||
               t->counter != (minor == 15 ? FRESH_15 : FRESH);
}
