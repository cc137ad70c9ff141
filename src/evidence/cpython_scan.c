/* SPDX-License-Identifier: Apache-2.0 */

/* Every object begins with a count and the address of its type: whoever looks for the words that equal the
 * address of the type of code objects finds all code of all interpreters, without knowing any list of them.
 * What is found is believed only if four other objects that it points to are of the right types. */

#include "evidence/cpython.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

enum {
        MOST_FOUND = 1 << 20, /* objects of one kind */
        MOST_CONSTANTS = 65536,
        MOST_DEPTH = 64,  /* of nesting */
        DIGEST_TIMES = 4, /* the budget of a look: reading what it found is not broken off and gone on with */
        TEXT_SIZE = 4 * 4096 + 4,
        FRAME_CODE = 32,  /* f_code of a frame, 3.7 */
        CO_OPTIMIZED = 1, /* set for functions, not for bodies of modules and classes */
        HEAD_UNITS = 16,  /* ob_size of code objects from 3.11 on: units of bytecode */
        TUPLE_ITEMS = 24, /* from 3.14 on a cached hash lies in front of them */
};

/* A code object, while a look is at it. */
struct seen_code {
        uint64_t address, file, name, qualname, consts;
        int32_t line, flags;
        uint32_t units, site;
        int32_t parent;    /* index of the code whose constant it is, or -1 */
        uint64_t function; /* that owns it, or 0 */
        const char *file_text, *name_text, *full_name;
        bool valid, ran, unsure;
        bool inferred; /* that it ran was told by another object */
};

typedef VEC(uint64_t) address_list;

struct cpython_found {
        address_list codes, functions, modules, frames;
};

struct look {
        struct cpython *c;
        struct image *i;
        struct cpython_found *found;
        struct seen_code *codes;
        size_t count;
        struct map texts;        /* address of a str → interned text */
        struct map file_modules; /* interned file → interned name of a module */
        struct arena arena;
        char text[TEXT_SIZE];
        uint8_t units[2 * CPYTHON_UNITS];
};

/* ---- words ------------------------------------------------------------------------------------------ */

void cpython_found_free(struct cpython_found *f)
{
        if (!f)
                return;
        vec_done(&f->codes);
        vec_done(&f->functions);
        vec_done(&f->modules);
        vec_done(&f->frames);
        free(f);
}

/* Objects lie in private memory that can be written, and in the interpreter's own data. */
static bool holds_objects(void *context, const struct image_area *area)
{
        const struct cpython_layout *l = &((struct look *)context)->c->layout;
        if (!area->writable || area->shared)
                return false;
        if (area->path[0] == '[')
                return str_starts(area->path, "[heap") || str_starts(area->path, "[anon");
        return !area->path[0] || (area->start >= l->elf_start && area->start < l->elf_end);
}

static int put_address(struct look *k, address_list *list, uint64_t address)
{
        if (list->count >= MOST_FOUND) {
                k->c->lost++;
                return 0;
        }
        uint64_t *slot = vec_add(list);
        if (!slot)
                return -ENOMEM;
        *slot = address;
        return 0;
}

static int take_run(void *context, uint64_t address, const void *bytes, size_t size)
{
        struct look *k = context;
        const struct cpython_layout *l = &k->c->layout;
        const uint64_t *words = bytes;
        const uint64_t code = l->code, function = l->function, module = l->module;
        const uint64_t frame = l->minor <= 7 ? l->frame : code;
        struct cpython_found *f = k->found;
        for (size_t n = 0; n < size / 8; n++) {
                uint64_t word = words[n];
                if (word != code && word != function && word != module && word != frame)
                        continue;
                address_list *list = word == code       ? &f->codes
                                     : word == function ? &f->functions
                                     : word == module   ? &f->modules
                                                        : &f->frames;
                int r = put_address(k, list, address + 8 * n - l->type);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- texts ------------------------------------------------------------------------------------------ */

/* The same few str objects name the files of all code. NULL: no str, or out of memory. */
static const char *text_of(struct look *k, uint64_t object)
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

/* ---- code objects ----------------------------------------------------------------------------------- */

static struct seen_code *code_at(const struct look *k, uint64_t address)
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

static void judge_code(struct look *k, const char *bytes, struct seen_code *s)
{
        struct cpython *c = k->c;
        size_t units = cpython_units_needed(&c->layout, s->units);
        s->unsure = s->units > CPYTHON_UNITS;
        if (s->unsure)
                units = MIN(units, (size_t)CPYTHON_UNITS);
        if (image_read(k->i, s->address + c->layout.code_size, k->units, 2 * units) < 0) {
                s->unsure = true;
                c->lost++;
                return;
        }
        bool traced = false; /* told once it is confirmed */
        enum cpython_ran ran = cpython_judge(&c->layout, bytes, k->units, units, &traced);
        c->judged++;
        c->odd += ran == CPYTHON_ODD;
        s->ran = ran == CPYTHON_RAN;
        s->unsure |=
                ran != CPYTHON_NOT_RUN || (c->layout.minor == 12 && !cpython_312_is_sound(k->units, units));
}

static void read_code(struct look *k, uint64_t address, struct seen_code *s)
{
        const struct cpython_layout *l = &k->c->layout;
        char bytes[CPYTHON_CODE];
        *s = (struct seen_code){.address = address, .parent = -1, .site = UINT32_MAX};
        if (!cpython_alive(k->i, l, address, l->code) || image_read(k->i, address, bytes, l->code_size) < 0)
                return;
        s->file = word_at(bytes, l->file);
        s->name = word_at(bytes, l->name);
        s->qualname = l->qualname ? word_at(bytes, l->qualname) : 0;
        s->consts = word_at(bytes, l->consts);
        s->line = int_at(bytes, l->line);
        s->flags = int_at(bytes, l->flags);
        uint64_t units = l->minor >= 11 ? word_at(bytes, HEAD_UNITS) : 1;
        /* The frame that C calls Python through has code, too: "<shim>" (3.12). */
        if (s->line < 0 || !units || units > UINT32_MAX / 4 ||
            image_u64(k->i, s->consts + l->type) != l->tuple || !(s->file_text = text_of(k, s->file)) ||
            !(s->name_text = text_of(k, s->name)) || !strcmp(s->file_text, "<shim>"))
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
        for (size_t n = 0; n < found->count && !image_spent(k->i); n++)
                if (!k->count || found->items[n] > k->codes[k->count - 1].address)
                        read_code(k, found->items[n], &k->codes[k->count++]);
        if (k->i->failed && k->i->failed != -EDQUOT)
                return k->i->failed;
        return 0;
}

/* Functions own code; so do, through their constants, all codes that hold them. */
static void link_owners(struct look *k)
{
        const struct cpython_layout *l = &k->c->layout;
        vec_each (function, &k->found->functions) {
                if (!cpython_alive(k->i, l, *function, l->function))
                        continue;
                struct seen_code *s = code_at(k, image_u64(k->i, *function + l->func_code));
                if (s && !s->function)
                        s->function = *function;
        }
        for (size_t n = 0; n < k->count; n++) {
                const struct seen_code *s = &k->codes[n];
                uint64_t size = s->valid ? image_u64(k->i, s->consts + 16) : 0;
                uint64_t items = s->consts + TUPLE_ITEMS + (l->minor >= 14 ? 8 : 0);
                for (size_t item = 0; item < MIN(size, (uint64_t)MOST_CONSTANTS); item++) {
                        struct seen_code *child = code_at(k, image_u64(k->i, items + 8 * item));
                        if (child && child != s && child->parent < 0)
                                child->parent = (int32_t)n;
                }
        }
        vec_each (frame, &k->found->frames) {
                struct seen_code *s = cpython_alive(k->i, l, *frame, l->frame)
                                              ? code_at(k, image_u64(k->i, *frame + FRAME_CODE))
                                              : NULL;
                if (s)
                        s->ran = s->inferred = true;
        }
}

static bool is_body(const struct seen_code *s)
{
        return !(s->flags & CO_OPTIMIZED);
}

static bool is_claimed(const struct look *k, const struct seen_code *s)
{
        for (unsigned depth = 0; depth < MOST_DEPTH; depth++) {
                if (s->function)
                        return true;
                if (s->parent < 0)
                        return false;
                s = &k->codes[s->parent];
        }
        return false;
}

/* In 3.12, where the code itself may say nothing: a nested function that exists was made by running what it
 * is nested in. */
static void infer_parents(struct look *k)
{
        bool changed = k->c->layout.minor == 12;
        for (unsigned pass = 0; changed && pass < MOST_DEPTH; pass++) {
                changed = false;
                for (size_t n = 0; n < k->count; n++) {
                        const struct seen_code *s = &k->codes[n];
                        struct seen_code *parent = s->parent >= 0 ? &k->codes[s->parent] : NULL;
                        if (parent && !parent->ran && s->valid && (s->ran || s->function)) {
                                parent->ran = parent->inferred = true;
                                changed = true;
                        }
                }
        }
}

/* ---- names ------------------------------------------------------------------------------------------ */

static const char *last_part(const char *name)
{
        const char *dot = strrchr(name, '.');
        return dot ? dot + 1 : name;
}

/* Before 3.11 only functions know their qualified name, and functools.wraps gives them that of another. */
static const char *full_name(struct look *k, struct seen_code *s, unsigned depth)
{
        if (s->full_name || depth > MOST_DEPTH)
                return s->full_name ? s->full_name : s->name_text;
        const struct cpython_layout *l = &k->c->layout;
        const char *name = s->qualname ? text_of(k, s->qualname) : NULL;
        if (!name && !l->qualname && s->function) {
                name = text_of(k, image_u64(k->i, s->function + l->func_qualname));
                if (name && strcmp(last_part(name), s->name_text) != 0)
                        name = NULL;
        }
        if (!name && s->parent >= 0) {
                struct seen_code *parent = &k->codes[s->parent];
                const char *outer = full_name(k, parent, depth + 1);
                bool top = strcmp(parent->name_text, "<module>") == 0;
                char *text = top ? NULL
                                 : arena_printf(&k->arena, "%s%s%s", outer,
                                                is_body(parent) ? "." : ".<locals>.", s->name_text);
                name = text ? cpython_intern(k->c, text) : NULL;
        }
        return s->full_name = name ? name : s->name_text;
}

static int index_files(struct look *k)
{
        vec_each (m, &k->c->modules)
                if (m->file && strcmp(m->name, "__main__") != 0 && !map_get_str(&k->file_modules, m->file) &&
                    map_put_str(&k->file_modules, m->file, (void *)m->name) < 0)
                        return -ENOMEM;
        return 0;
}

static const char *module_of(struct look *k, const struct seen_code *s)
{
        const char *name = map_get_str(&k->file_modules, s->file_text);
        for (unsigned depth = 0; !name && depth < MOST_DEPTH; depth++) {
                if (s->function)
                        return text_of(k, image_u64(k->i, s->function + k->c->layout.func_module));
                if (s->parent < 0)
                        return NULL;
                s = &k->codes[s->parent];
        }
        return name;
}

/* ---- sites ------------------------------------------------------------------------------------------ */

uint32_t cpython_site(struct cpython *c, const char *file, const char *name, uint32_t line)
{
        struct {
                const char *file, *name;
                uint64_t line;
        } key = {file, name, line}, *kept;
        uintptr_t known = (uintptr_t)map_get(&c->sites_by_key, &key, sizeof(key));
        if (known)
                return (uint32_t)known - 1;
        kept = arena_alloc(&c->arena, sizeof(*kept));
        struct cpython_site *site = kept && c->sites.count < MOST_FOUND ? vec_add(&c->sites) : NULL;
        if (!site)
                return UINT32_MAX;
        *kept = key;
        *site = (struct cpython_site){.file = file, .name = name, .line = line};
        if (map_put(&c->sites_by_key, kept, sizeof(*kept), (void *)(uintptr_t)c->sites.count) < 0) {
                c->sites.count--;
                return UINT32_MAX;
        }
        return (uint32_t)c->sites.count - 1;
}

static int settle_code(struct look *k, struct seen_code *s, uint64_t now)
{
        struct cpython *c = k->c;
        const char *name = full_name(k, s, 0);
        /* Both names end alike, unless one was read after the code, and what it lay in, had been freed. */
        if (strcmp(last_part(name), s->name_text) != 0) {
                c->lost++;
                return 0;
        }
        uint32_t index = cpython_site(c, s->file_text, name, (uint32_t)s->line);
        if (index == UINT32_MAX) {
                c->lost++;
                return 0;
        }
        struct cpython_site *site = &c->sites.items[index];
        site->body |= is_body(s);
        site->claimed |= is_claimed(k, s);
        if (!site->module)
                site->module = module_of(k, s);
        struct cpython_code code = {.address = s->address,
                                    .file = s->file,
                                    .name = s->name,
                                    .site = index,
                                    .units = s->units,
                                    .line = s->line};
        if (s->ran && (site->ran || s->inferred)) {
                site->first = site->ran ? site->first : now;
                site->ran = true;
                return 0;
        }
        /* Code that nobody refers to yet may still be in the making. */
        if (s->ran && (s->function || s->parent >= 0))
                return cpython_suspect(c, &code);
        struct cpython_code *slot = vec_add(&c->codes);
        if (!slot)
                return -ENOMEM;
        *slot = code;
        site->codes++;
        site->unsure |= s->unsure;
        return 0;
}

static int settle(struct look *k, uint64_t now)
{
        struct cpython *c = k->c;
        vec_each (site, &c->sites) {
                site->codes = site->unread = 0;
                site->unsure = false;
        }
        c->codes.count = 0;
        for (size_t n = 0; n < k->count; n++) {
                int r = k->codes[n].valid ? settle_code(k, &k->codes[n], now) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- the look --------------------------------------------------------------------------------------- */

static int digest(struct look *k, uint64_t now)
{
        struct cpython *c = k->c;
        c->judged = c->odd = 0;
        int r = cpython_find_systems(c, k->i, k->found->modules.items, k->found->modules.count);
        if (r == 0)
                r = cpython_read_modules(c, k->i);
        if (r < 0 || !c->layout.minor || c->layout.free_threaded || c->layout.minor < CPYTHON_OLDEST ||
            c->layout.minor > CPYTHON_NEWEST)
                return r;
        r = index_files(k);
        if (r == 0)
                r = read_codes(k);
        if (r < 0)
                return r;
        link_owners(k);
        infer_parents(k);
        r = settle(k, now);
        return r < 0 ? r : cpython_confirm(c, k->i, now);
}

int cpython_scan(struct cpython *c, struct image *i, uint64_t now)
{
        struct look *k = calloc(1, sizeof(*k));
        if (!k || (!c->found && !(c->found = calloc(1, sizeof(*c->found))))) {
                free(k);
                return -ENOMEM;
        }
        k->c = c;
        k->i = i;
        k->found = c->found;
        k->arena = ARENA_INIT(64 << 20);
        int more = image_scan(i, &c->cursor, holds_objects, take_run, k);
        /* What was found is worth reading, even where finding took all that there was to spend. */
        if (more >= 0)
                image_extend(i, DIGEST_TIMES);
        int r = more < 0 ? more : digest(k, now);
        if (r == 0 && i->failed)
                r = i->failed == -EDQUOT ? 1 : i->failed;
        if (r == 0 && more == 0) {
                c->scanned = true;
                c->last_scan = c->looks;
                c->scanned_modules = c->modules.count;
        }
        if ((more == 0 && r == 0) || r < 0) {
                c->cursor = 0;
                cpython_found_free(c->found);
                c->found = NULL;
        }
        free(k->codes);
        map_done(&k->texts);
        map_done(&k->file_modules);
        arena_done(&k->arena);
        free(k);
        return r < 0 ? r : r | more;
}
