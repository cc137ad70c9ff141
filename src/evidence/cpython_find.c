/* SPDX-License-Identifier: Apache-2.0 */

/* An interpreter exports its types for extension modules. One that is linked into a program and exports
 * nothing is found by its structure: the type of types is the only object that is its own type and is called
 * "type", all others of that type tell their names, and from 3.13 on a cookie stands in front of the state of
 * the runtime. All of them lie in the data of one ELF object. */

#include "evidence/cpython_find.h"

#include "base/vec.h"
#include "memory/live_elf.h"

#include <errno.h>

enum { MOST_CANDIDATES = 4096, TYPES = 7 };

bool cpython_type_is(struct image *i, uint64_t type, unsigned shift, const char *name)
{
        char text[32];
        return image_string(i, image_u64(i, type + CPYTHON_TYPE_NAME + shift), text, sizeof(text)) >= 0 &&
               !strcmp(text, name);
}

struct wanted_type {
        const char *symbol, *name;
        uint64_t *to;
};

static void list_types(struct cpython_layout *l, struct wanted_type to[static TYPES])
{
        const struct wanted_type types[TYPES] = {
                {"PyCode_Type", "code", &l->code},       {"PyFunction_Type", "function", &l->function},
                {"PyUnicode_Type", "str", &l->string},   {"PyTuple_Type", "tuple", &l->tuple},
                {"PyModule_Type", "module", &l->module}, {"PyDict_Type", "dict", &l->dict},
                {"PyFrame_Type", "frame", &l->frame},
        };
        memcpy(to, types, sizeof(types));
}

/* ---- by symbols -------------------------------------------------------------------------------------- */

static int find_symbols(struct image *i, const struct live_elf *e, struct cpython_layout *l,
                        struct cpython_marks *m)
{
        struct wanted_type wanted[TYPES];
        list_types(l, wanted);
        for (size_t n = 0; n < TYPES; n++)
                if (live_elf_symbol(i, e, wanted[n].symbol, wanted[n].to) < 0)
                        return -ENOENT;
        if (live_elf_symbol(i, e, "PyType_Type", &m->type) < 0)
                return -ENOENT;
        if (live_elf_symbol(i, e, "Py_Version", &m->version) < 0)
                m->version = 0;
        if (live_elf_symbol(i, e, "_PyRuntime", &m->runtime) < 0)
                m->runtime = 0;
        return 0;
}

/* A program that is not position-independent has copies of those types of a shared libpython that it
 * mentions, and everybody uses these (R_*_COPY of the psABI): what the program defines goes before what the
 * library does. Such a program lies below all libraries; a libpython behind an interpreter is a second one,
 * which an extension brought, and nobody uses its types. */
static void take_copies(struct image *i, const struct live_elf *e, struct cpython_layout *l)
{
        struct wanted_type wanted[TYPES];
        uint64_t copy;
        list_types(l, wanted);
        for (size_t n = 0; n < TYPES; n++)
                if (live_elf_symbol(i, e, wanted[n].symbol, &copy) == 0 &&
                    (cpython_type_is(i, copy, 0, wanted[n].name) ||
                     cpython_type_is(i, copy, CPYTHON_FREE_HEAD, wanted[n].name)))
                        *wanted[n].to = copy;
}

/* ---- by structure ------------------------------------------------------------------------------------ */

struct search {
        const struct live_elf *elf;
        uint64_t type;   /* what objects are looked for that are of this type; 0: those that are their own */
        unsigned offset; /* of the type in an object */
        uint64_t cookie;
        VEC(uint64_t) found;
};

static bool is_data(void *context, const struct image_area *area)
{
        const struct search *s = context;
        return area->writable && !area->shared && area->start >= s->elf->start && area->start < s->elf->end;
}

static int take_words(void *context, uint64_t address, const void *bytes, size_t size)
{
        struct search *s = context;
        const uint64_t *words = bytes;
        for (size_t n = 0; n < size / 8; n++) {
                uint64_t object = address + 8 * n - s->offset;
                if (!s->type && words[n] == CPYTHON_COOKIE && !s->cookie)
                        s->cookie = address + 8 * n;
                if (words[n] != (s->type ? s->type : object) || s->found.count == MOST_CANDIDATES)
                        continue;
                uint64_t *slot = vec_add(&s->found);
                if (!slot)
                        return -ENOMEM;
                *slot = object;
        }
        return 0;
}

static int search(struct image *i, struct search *s)
{
        uint64_t cursor = 0;
        s->found.count = 0;
        return image_scan(i, &cursor, is_data, take_words, s);
}

/* The only one of that name: two would leave a choice. */
static int find_type(struct image *i, const struct search *s, const char *name, uint64_t *ret)
{
        size_t count = 0;
        vec_each (object, &s->found)
                if (cpython_type_is(i, *object, s->offset - 8, name)) {
                        *ret = *object;
                        count++;
                }
        return count == 1 ? 0 : -ENOENT;
}

/* `head`: how much longer the heads of objects are than usual. */
static int find_structure(struct image *i, const struct live_elf *e, unsigned head, struct cpython_layout *l,
                          struct cpython_marks *m)
{
        struct search s = {.elf = e, .offset = 8 + head};
        struct wanted_type wanted[TYPES];
        list_types(l, wanted);
        int r = search(i, &s);
        if (r == 0)
                r = find_type(i, &s, "type", &s.type);
        if (r == 0)
                r = search(i, &s);
        for (size_t n = 0; r == 0 && n < TYPES; n++)
                r = find_type(i, &s, wanted[n].name, wanted[n].to);
        vec_done(&s.found);
        if (r == 0)
                *m = (struct cpython_marks){.type = s.type, .runtime = s.cookie};
        return r < 0 ? r : r ? -EDQUOT : 0;
}

/* ---- both --------------------------------------------------------------------------------------------- */

static int find_in(struct image *i, uint64_t start, bool by_symbols, struct cpython_layout *l,
                   struct cpython_marks *m)
{
        struct live_elf e;
        int r = -ENOENT;
        if (by_symbols)
                r = live_elf_open(i, start, &e) == 0 ? find_symbols(i, &e, l, m) : -ENOENT;
        else if (live_elf_place(i, start, &e) == 0)
                for (unsigned head = 0; r == -ENOENT && head <= CPYTHON_FREE_HEAD; head += CPYTHON_FREE_HEAD)
                        r = find_structure(i, &e, head, l, m);
        if (r == 0) {
                l->elf_start = e.start;
                l->elf_end = e.end;
        }
        return r;
}

static bool is_object(const struct image_area *area)
{
        return !area->offset && area->path[0] == '/' && area->readable;
}

static void take_all_copies(struct image *i, struct cpython_layout *l, struct cpython_marks *m)
{
        for (size_t n = 0; n < i->area_count; n++) {
                struct live_elf e;
                uint64_t type;
                if (!is_object(&i->areas[n]) || i->areas[n].start >= l->elf_start ||
                    live_elf_open(i, i->areas[n].start, &e) < 0)
                        continue;
                take_copies(i, &e, l);
                if (live_elf_symbol(i, &e, "PyType_Type", &type) == 0 &&
                    (cpython_type_is(i, type, 0, "type") ||
                     cpython_type_is(i, type, CPYTHON_FREE_HEAD, "type")))
                        m->type = type;
        }
}

int cpython_find(struct image *i, struct cpython_layout *l, struct cpython_marks *ret)
{
        for (unsigned pass = 0; pass < 2; pass++)
                for (size_t n = 0; n < i->area_count; n++) {
                        if (!is_object(&i->areas[n]))
                                continue;
                        int r = find_in(i, i->areas[n].start, pass == 0, l, ret);
                        if (r == 0 && pass == 0)
                                take_all_copies(i, l, ret);
                        if (r != -ENOENT)
                                return i->failed ? i->failed : r;
                        if (i->failed)
                                return i->failed;
                }
        return -ENOENT;
}
