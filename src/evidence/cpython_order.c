/* SPDX-License-Identifier: Apache-2.0 */

/* Before 3.12 nothing in a code object tells it from an equal one that lay at its place before. But the list
 * of modules keeps its order: who is taken out and loaded again stands behind all others then. So from one
 * look to the next the places of the modules tell which of them were loaded anew, whatever their code looks
 * like. */

#include "evidence/cpython_look.h"
#include "evidence/cpython_object.h"
#include "evidence/cpython_steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
        MOST_COMPARED = 1 << 26, /* names, for as long as the process is watched */
        FROZEN_SIZE = 1024,
        MOST_LISTS = 256, /* of interpreters that came and went */
};

static struct cpython_list *list_of(struct cpython *c, uint64_t system)
{
        vec_each (list, &c->lists)
                if (list->system == system)
                        return list;
        c->lists.count = c->lists.count < MOST_LISTS ? c->lists.count : 0;
        struct cpython_list *list = vec_add(&c->lists);
        if (list)
                *list = (struct cpython_list){.system = system};
        return list;
}

int cpython_order_begin(struct cpython *c, struct image *i, uint64_t system, uint64_t dict,
                        struct cpython_order *ret)
{
        uint64_t entries, used;
        if (c->layout.minor > CPYTHON_UNNUMBERED)
                return 0;
        int r = cpython_dict_extent(i, &c->layout, dict, &entries, &used);
        struct cpython_list *list = r < 0 ? NULL : list_of(c, system);
        if (!list)
                return r < 0 ? r : -ENOMEM;
        *ret = (struct cpython_order){
                .system = system,
                .same = list->entries == entries && list->used <= used,
                .used = list->used,
        };
        list->entries = entries;
        list->used = used;
        return 0;
}

/* What had the name before: it was loaded anew, or another object was put in the place of the module. */
static struct cpython_module *earlier(struct cpython *c, const struct cpython_module *m, uint64_t system)
{
        for (size_t n = c->modules.count; n > 0 && c->compared < MOST_COMPARED; n--) {
                struct cpython_module *other = &c->modules.items[n - 1];
                c->compared++;
                if (other != m && other->system == system && other->name == m->name)
                        return other;
        }
        if (c->compared == MOST_COMPARED)
                c->replaces = "its list of modules changes without an end: what ran may be gone";
        return NULL;
}

/* What was loaded is put behind all others once more when that is done. Who moves while it was known to load,
 * or was seen only in the look before, has done that. */
static bool has_settled(bool loads, uint64_t first, uint64_t seen)
{
        return !loads && seen > first;
}

/* ---- across records ---------------------------------------------------------------------------------- */

static int compare_kept(const void *a, const void *b)
{
        const struct cpython_kept *x = a, *y = b;
        int d = (x->name > y->name) - (x->name < y->name);
        return d ? d : (x->system > y->system) - (x->system < y->system);
}

int cpython_order_keep(struct cpython *c)
{
        c->kept.count = 0;
        vec_each (m, &c->modules) {
                struct cpython_kept *kept = m->first ? vec_add(&c->kept) : NULL;
                if (m->first && !kept)
                        return -ENOMEM;
                if (kept)
                        *kept = (struct cpython_kept){
                                .name = map_hash(m->name, strlen(m->name)),
                                .system = m->system,
                                .first = m->first,
                                .seen = m->seen,
                                .place = m->place,
                                .loads = m->loads,
                        };
        }
        if (c->kept.count)
                qsort(c->kept.items, c->kept.count, sizeof(*c->kept.items), compare_kept);
        vec_trim(&c->kept);
        return 0;
}

static const struct cpython_kept *find_kept(const struct cpython *c, const char *name, uint64_t system)
{
        const struct cpython_kept key = {.name = map_hash(name, strlen(name)), .system = system};
        return c->kept.count ? bsearch(&key, c->kept.items, c->kept.count, sizeof(key), compare_kept) : NULL;
}

/* Code that is part of the interpreter has a file of another name than its module (3.11). */
static const char *frozen_name(struct cpython *c, const struct cpython_module *m)
{
        char text[FROZEN_SIZE];
        int size = snprintf(text, sizeof(text), "<frozen %s>", m->name);
        return size > 0 && (size_t)size < sizeof(text) ? cpython_intern(c, text) : NULL;
}

static int note_moved(struct cpython *c, const struct cpython_module *m)
{
        const char *files[] = {m->file, frozen_name(c, m)};
        for (size_t n = 0; n < ARRAY_SIZE(files); n++) {
                const char **slot = files[n] ? vec_add(&c->moved) : NULL;
                if (files[n] && !slot)
                        return -ENOMEM;
                if (slot)
                        *slot = files[n];
        }
        return 0;
}

/* ---- to take --------------------------------------------------------------------------------------- */

static bool has_moved(const struct cpython_order *o, uint32_t before, uint32_t place)
{
        return o->same ? before != place : before < o->most || before + 1 == o->used;
}

/* It is seen for the first time since the record was let go. */
static uint32_t take_kept(struct cpython *c, const struct cpython_order *o, struct cpython_module *m,
                          uint32_t place)
{
        const struct cpython_kept *kept = find_kept(c, m->name, o->system);
        if (!kept)
                return UINT32_MAX;
        bool moved = has_moved(o, kept->place, place);
        if (moved && has_settled(kept->loads, kept->first, kept->seen)) {
                const char *frozen = frozen_name(c, m);
                if (m->file)
                        cpython_doubt_past(c, m->file);
                if (frozen)
                        cpython_doubt_past(c, frozen);
        }
        m->loads = kept->loads && !moved;
        m->first = moved ? c->looks : kept->first;
        return kept->place;
}

int cpython_order_take(struct cpython *c, struct cpython_order *o, struct cpython_module *m, uint32_t place)
{
        if (c->layout.minor > CPYTHON_UNNUMBERED || (m->first && m->system != o->system))
                return 0;
        struct cpython_module *before = m->first ? m : c->scanned ? earlier(c, m, o->system) : NULL;
        uint32_t was = before ? before->place : UINT32_MAX;
        bool moved = true;
        if (before) {
                moved = has_moved(o, was, place);
                if (moved && has_settled(before->loads, before->first, before->seen) &&
                    note_moved(c, before) < 0)
                        return -ENOMEM;
                m->loads = before->loads && !moved;
                m->first = moved ? c->looks : before->first;
        } else {
                m->first = c->looks;
                was = take_kept(c, o, m, place);
        }
        o->most = MAX(o->most, was);
        m->system = o->system;
        m->seen = c->looks;
        m->place = place;
        return 0;
}

static int compare_files(const void *a, const void *b)
{
        const char *x = *(const char *const *)a, *y = *(const char *const *)b;
        return (x > y) - (x < y);
}

void cpython_order_end(struct cpython *c)
{
        if (c->moved.count) {
                qsort(c->moved.items, c->moved.count, sizeof(*c->moved.items), compare_files);
                vec_each (site, &c->sites)
                        site->gone |= !site->ran && bsearch(&site->file, c->moved.items, c->moved.count,
                                                            sizeof(*c->moved.items), compare_files);
        }
        vec_done(&c->moved);
}

/* The body of a module is there while it runs. */
int look_note_loading(struct look *k)
{
        struct cpython *c = k->c;
        struct map bodies = {};
        int r = 0;
        for (size_t n = 0; r == 0 && n < k->count && c->layout.minor <= CPYTHON_UNNUMBERED; n++) {
                const struct seen_code *s = &k->codes[n];
                if (s->valid && is_body(s) && !strcmp(s->name_text, "<module>"))
                        r = map_put_str(&bodies, s->file_text, (void *)s->file_text);
        }
        vec_each (m, &c->modules)
                m->loads |= m->first > c->last_scan && m->file && map_get_str(&bodies, m->file);
        map_done(&bodies);
        return r;
}
