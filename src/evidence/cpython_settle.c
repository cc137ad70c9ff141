/* SPDX-License-Identifier: Apache-2.0 */

/* A function is a place in the sources. The code objects of a look are joined to these places, and what is
 * known of a place outlives its code. */

#include "evidence/cpython_look.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SITES = 1 << 20 };

/* ---- names ------------------------------------------------------------------------------------------ */

static const char *last_part(const char *name)
{
        const char *dot = strrchr(name, '.');
        return dot ? dot + 1 : name;
}

/* Before 3.11 only functions know their qualified name, and functools.wraps gives them that of another. */
static const char *full_name(struct look *k, struct seen_code *s, unsigned depth)
{
        if (s->full_name || depth > CPYTHON_DEPTH)
                return s->full_name ? s->full_name : s->name_text;
        const struct cpython_layout *l = &k->c->layout;
        const char *name = s->qualname ? look_text(k, s->qualname) : NULL;
        if (!name && !l->qualname && s->function) {
                name = look_text(k, image_u64(k->i, s->function + l->func_qualname));
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

/* The program itself is imported as "__main__", which names nothing. */
static int index_files(struct look *k)
{
        vec_each (m, &k->c->modules) {
                const char *known = m->file ? map_get_str(&k->file_modules, m->file) : NULL;
                const char *name = strcmp(m->name, "__main__") != 0 ? m->name : "";
                if (m->file && (!known || !*known) &&
                    map_put_str(&k->file_modules, m->file, (void *)name) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static const char *module_of(struct look *k, const struct seen_code *s)
{
        const char *name = map_get_str(&k->file_modules, s->file_text);
        for (unsigned depth = 0; (!name || !*name) && depth < CPYTHON_DEPTH; depth++) {
                if (s->function)
                        return look_text(k, image_u64(k->i, s->function + k->c->layout.func_module));
                if (s->parent < 0)
                        return NULL;
                s = &k->codes[s->parent];
        }
        return name;
}

static bool is_imported(struct look *k, const struct seen_code *s)
{
        return str_starts(s->file_text, "<frozen ") || map_get_str(&k->file_modules, s->file_text);
}

static bool is_claimed(const struct look *k, const struct seen_code *s)
{
        for (unsigned depth = 0; depth < CPYTHON_DEPTH; depth++) {
                if (s->function)
                        return true;
                if (s->parent < 0)
                        return false;
                s = &k->codes[s->parent];
        }
        return false;
}

/* ---- sites ------------------------------------------------------------------------------------------ */

static size_t place_of(const struct cpython *c, const char *file, const char *name, uint32_t line)
{
        const struct {
                const char *file, *name;
                uint64_t line;
        } key = {file, name, line};
        size_t at = map_hash(&key, sizeof(key)) & (c->place_count - 1);
        for (; c->places[at]; at = (at + 1) & (c->place_count - 1)) {
                const struct cpython_site *s = &c->sites.items[c->places[at] - 1];
                if (s->file == file && s->name == name && s->line == line)
                        break;
        }
        return at;
}

/* Twice as many places as there are sites, or more. */
static int index_sites(struct cpython *c)
{
        if (c->place_count > 2 * c->sites.count)
                return 0;
        size_t count = 1024;
        while (count <= 4 * c->sites.count)
                count *= 2;
        uint32_t *places = calloc(count, sizeof(*places));
        if (!places)
                return -ENOMEM;
        free(c->places);
        c->places = places;
        c->place_count = count;
        for (uint32_t n = 0; n < c->sites.count; n++) {
                const struct cpython_site *s = &c->sites.items[n];
                places[place_of(c, s->file, s->name, s->line)] = n + 1;
        }
        return 0;
}

uint32_t cpython_site(struct cpython *c, const char *file, const char *name, uint32_t line)
{
        if (index_sites(c) < 0)
                return UINT32_MAX;
        size_t place = place_of(c, file, name, line);
        if (c->places[place])
                return c->places[place] - 1;
        struct cpython_site *site = c->sites.count < MOST_SITES ? vec_add(&c->sites) : NULL;
        if (!site)
                return UINT32_MAX;
        *site = (struct cpython_site){.file = file, .name = name, .line = line};
        c->places[place] = (uint32_t)c->sites.count;
        return (uint32_t)c->sites.count - 1;
}

/* Who refers to the code: one that is half-made has nobody yet. The constants of a function stay as long as
 * it does, its inner functions come and go; bodies of modules and classes go when they have run, their
 * functions stay. */
static void take_holder(const struct look *k, const struct seen_code *s, struct cpython_code *code)
{
        const struct cpython_layout *l = &k->c->layout;
        if (s->frame) {
                code->holder = s->frame;
                code->slot = FRAME_CODE;
                code->runs = true;
        } else if (s->parent >= 0 && !(s->function && is_body(&k->codes[s->parent]))) {
                code->holder = k->codes[s->parent].consts;
                code->slot = cpython_tuple_items(l) + 8 * s->parent_item;
        } else if (s->function) {
                code->holder = s->function;
                code->slot = l->func_code;
        }
}

static int put_known(struct cpython *c, const struct seen_code *s, uint32_t site)
{
        struct cpython_known *known = vec_add(&c->known);
        if (!known)
                return -ENOMEM;
        *known = (struct cpython_known){s->address, (uint32_t)s->identity, site, CPYTHON_NOWHERE};
        return 0;
}

static int settle_code(struct look *k, struct seen_code *s, uint64_t now)
{
        struct cpython *c = k->c;
        const char *name = full_name(k, s, 0);
        /* Both names end alike, unless one was read after the code, and what it lay in, had been freed. */
        if (strcmp(last_part(name), s->name_text) != 0) {
                c->lost++;
                return put_known(c, s, CPYTHON_NOWHERE);
        }
        uint32_t index = cpython_site(c, s->file_text, name, (uint32_t)s->line);
        if (index == UINT32_MAX) {
                c->lost++;
                return put_known(c, s, CPYTHON_NOWHERE);
        }
        s->site = index;
        struct cpython_site *site = &c->sites.items[index];
        site->body |= is_body(s);
        site->claimed |= is_claimed(k, s);
        site->imported |= is_imported(k, s);
        site->replaced |= s->modified;
        if (!site->module)
                site->module = module_of(k, s);
        struct cpython_code code = {.address = s->address,
                                    .identity = s->identity,
                                    .site = index,
                                    .units = s->units,
                                    .parent = CPYTHON_NOWHERE,
                                    .shelter = CPYTHON_NOWHERE,
                                    .version = s->flags & CO_SUSPENDS ? 0 : s->version};
        take_holder(k, s, &code);
        if (s->ran && (site->ran || s->inferred)) {
                site->first = site->ran ? site->first : now;
                site->ran = true;
                return put_known(c, s, index);
        }
        /* Code that nobody refers to yet may still be in the making. */
        if (s->ran && code.holder)
                return cpython_suspect(c, &code);
        code.orphan = s->ran;
        struct cpython_code *slot = vec_add(&c->codes);
        if (!slot)
                return -ENOMEM;
        *slot = code;
        site->codes++;
        site->unsure |= s->unsure;
        return 0;
}

/* ---- what went -------------------------------------------------------------------------------------- */

/* Code that was not seen to run, and is gone now, may have run between two looks. */
static void take_gone(struct look *k)
{
        struct cpython *c = k->c;
        vec_each (old, &c->before) {
                const struct seen_code *s = old->address ? look_code_at(k, old->address) : NULL;
                if ((!s || s->identity != old->identity) &&
                    (image_present(k->i, old->address) || image_gone(k->i, old->address)))
                        c->sites.items[old->site].gone = true;
        }
        vec_done(&c->before);
}

static int compare_loads(const void *a, const void *b)
{
        const struct seen_code *x = *(struct seen_code *const *)a, *y = *(struct seen_code *const *)b;
        int d = (x->site > y->site) - (x->site < y->site);
        return d ? d : (x->load > y->load) - (x->load < y->load);
}

/* Of a file that was loaded several times each load should have each of its functions; where one is missing
 * it was dropped, and may have run before. */
static int take_missing(struct look *k)
{
        _cleanup_free_ struct seen_code **several = NULL;
        size_t count = 0, distinct = 0;
        for (size_t n = 0; n < k->count; n++)
                count += k->codes[n].loads > 1 && k->codes[n].site != UINT32_MAX;
        if (!count)
                return 0;
        if (!(several = malloc(count * sizeof(struct seen_code *))))
                return -ENOMEM;
        count = 0;
        for (size_t n = 0; n < k->count; n++)
                if (k->codes[n].loads > 1 && k->codes[n].site != UINT32_MAX)
                        several[count++] = &k->codes[n];
        qsort(several, count, sizeof(struct seen_code *), compare_loads);
        for (size_t n = 0; n < count; n++) {
                bool same_site = n && several[n]->site == several[n - 1]->site;
                distinct = !same_site ? 1 : distinct + (several[n]->load != several[n - 1]->load);
                if ((n + 1 == count || several[n + 1]->site != several[n]->site) &&
                    distinct < several[n]->loads)
                        k->c->sites.items[several[n]->site].replaced = true;
        }
        return 0;
}

static uint32_t site_of(const struct look *k, int32_t index)
{
        return index >= 0 ? k->codes[index].site : CPYTHON_NOWHERE;
}

/* 3.12: what running one code says of others. */
static void note_nesting(const struct look *k, cpython_code_list *codes)
{
        vec_each (code, codes) {
                const struct seen_code *s = look_code_at(k, code->address);
                code->parent = s ? site_of(k, s->parent) : CPYTHON_NOWHERE;
                code->shelter = s ? site_of(k, s->shelter) : CPYTHON_NOWHERE;
        }
}

static void note_all_nesting(const struct look *k)
{
        note_nesting(k, &k->c->codes);
        note_nesting(k, &k->c->suspects);
        vec_each (known, &k->c->known) {
                const struct seen_code *s = look_code_at(k, known->address);
                known->parent = s ? site_of(k, s->parent) : CPYTHON_NOWHERE;
        }
}

int look_settle(struct look *k, uint64_t now, bool all)
{
        struct cpython *c = k->c;
        int r = index_files(k);
        vec_each (site, &c->sites) {
                site->codes = site->unread = 0;
                site->unsure = false;
        }
        c->codes.count = c->known.count = 0;
        for (size_t n = 0; r == 0 && n < k->count; n++) {
                struct seen_code *s = &k->codes[n];
                r = s->valid ? settle_code(k, s, now) : s->identity ? put_known(c, s, CPYTHON_NOWHERE) : 0;
        }
        if (r == 0 && c->layout.minor == 12)
                note_all_nesting(k);
        if (r == 0 && all) {
                take_gone(k);
                r = take_missing(k);
        }
        return r;
}
