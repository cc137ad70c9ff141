/* SPDX-License-Identifier: Apache-2.0 */

/* Two ways for a function to run unseen at its own address: a copy of it was inlined into another function,
 * or several functions share one code. The first is told by debug information and by Go's own tables, the
 * second by the symbols of one address. */

#include "evidence/native_search.h"

#include "format/dwarf_inline.h"
#include "format/elf_functions.h"
#include "format/symbol_name.h"

#include <errno.h>

/* ---- DWARF ------------------------------------------------------------------------------------------ */

struct dwarf_search {
        struct search *s;
        bool unreadable; /* a copy without a name */
};

static int take_copy(struct search *s, size_t wanted, void *context)
{
        const struct dwarf_copy *c = context;
        if (c->inlined)
                return search_add_guard(s, wanted, c->address, 0);
        for (const struct copy *own = map_get(&s->places, &c->address, sizeof(c->address)); own;
             own = own->next)
                s->notes[wanted].described |= own->wanted == wanted;
        return 0;
}

static int on_dwarf_copy(void *context, const struct dwarf_copy *c)
{
        struct dwarf_search *d = context;
        enum symbol_clone clone;
        d->unreadable |= c->inlined && !c->name && !c->linkage;
        int r = c->linkage ? search_named(d->s, symbol_fold(c->linkage, &clone), take_copy, (void *)c) : 0;
        if (r == 0 && c->name && !c->linkage)
                r = search_named(d->s, symbol_fold(c->name, &clone), take_copy, (void *)c);
        return r;
}

static int on_range(void *context, uint64_t begin, uint64_t end)
{
        struct search *s = ((struct dwarf_search *)context)->s;
        struct code_range *range = vec_add(&s->described);
        if (!range)
                return -ENOMEM;
        *range = (struct code_range){begin, end};
        return 0;
}

static int compare_ranges(const void *a, const void *b)
{
        const struct code_range *x = a, *y = b;
        return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* Hosts whose address no symbol confirms might be entered elsewhere. */
static int note_hosts(struct search *s)
{
        for (size_t i = 0; i < s->count; i++)
                for (struct guard *g = s->notes[i].guards; g; g = g->next)
                        if (!map_get(&s->entries, &g->address, sizeof(g->address)) &&
                            map_put(&s->entries, &g->address, sizeof(g->address), g) < 0)
                                return -ENOMEM;
        return 0;
}

int search_dwarf(struct search *s, struct span bytes)
{
        struct dwarf_search d = {.s = s};
        int r = dwarf_inline_walk(bytes, on_dwarf_copy, on_range, &d);
        if (r == -ENOMEM)
                return r;
        if (s->described.count)
                qsort(s->described.items, s->described.count, sizeof(*s->described.items), compare_ranges);
        s->inlines_known = r == 0 && !d.unreadable;
        return note_hosts(s);
}

/* A name that is reserved to compilers and C libraries (C11 7.1.3): what bears it was made without the
 * headers of others. Start files have a few more. */
static bool is_reserved(const char *name)
{
        return span_starts(span_of(name), "__") || str_equal(name, "_start") ||
               str_equal(name, "_dl_relocate_static_pie") || str_equal(name, "atexit") ||
               str_equal(name, "at_quick_exit");
}

/* Code of a source file without debug information may hold a copy of what comes from a header, and nothing
 * tells of it. */
static bool is_undescribed(const struct search *s, const struct elf_function *f)
{
        size_t low = 0, high = s->described.count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (s->described.items[middle].begin <= f->address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return f->size && !symbol_is_thunk(span_of(f->name)) &&
               !(low && f->address < s->described.items[low - 1].end) && !is_reserved(f->name);
}

/* ---- symbols at one address ------------------------------------------------------------------------- */

/* Names of one function: aliases with underscores in front, and the variants of a C++ constructor. */
static bool same_function(struct span name, const char *wanted)
{
        while (name.size && *name.data == '_')
                name = (struct span){name.data + 1, name.size - 1};
        while (*wanted == '_')
                wanted++;
        return span_equal(name, wanted);
}

static int on_neighbour(void *context, const struct elf_function *f)
{
        struct search *s = context;
        enum symbol_clone clone;
        struct copy *c = map_get(&s->places, &f->address, sizeof(f->address));
        struct guard *host = map_get(&s->entries, &f->address, sizeof(f->address));
        struct span name = symbol_fold(f->name, &clone);
        s->thunks = s->thunks || symbol_is_thunk(name);
        s->undescribed = s->undescribed || is_undescribed(s, f);
        if (host && clone != SYMBOL_COLD)
                host->size = MAX(host->size, MAX(f->size, (uint64_t)1));
        for (; c; c = c->next)
                if (!same_function(name, s->queries[c->wanted].function) &&
                    !symbol_is(name, s->queries[c->wanted].function))
                        c->shared = true;
        return 0;
}

int search_neighbours(struct search *s, const struct elf *tables)
{
        return elf_functions(tables, on_neighbour, s);
}

/* ---- Go --------------------------------------------------------------------------------------------- */

static int take_go(struct search *s, size_t wanted, const struct go_function *f)
{
        struct copy copy = {.wanted = wanted, .address = f->address, .size = f->size, .piece = f->inlined};
        int r = f->size ? search_add_copy(s, &copy) : 0;
        return r == 0 && f->inlined ? search_add_guard(s, wanted, f->host, f->host_size) : r;
}

static int on_go_function(void *context, const struct go_function *f)
{
        struct search *s = context;
        struct span word = go_last_word(f->name);
        int r = 0;
        if (!f->name.size)
                s->inlines_known = false;
        for (struct wanted_list *w = map_get(&s->words, word.data, word.size); w && r == 0; w = w->next) {
                const struct native_query *q = &s->queries[w->index];
                if (go_function_is(f->name, q->container, q->function))
                        r = take_go(s, w->index, f);
        }
        return r;
}

int search_go(struct search *s, const struct go_functions *go)
{
        s->inlines_known = go->inline_base != 0;
        return go_functions_walk(go, on_go_function, s);
}
