/* SPDX-License-Identifier: Apache-2.0 */

/* A function runs unseen at its own address where a copy of it was inlined into another one. Debug
 * information and Go's own tables tell of those. */

#include "evidence/native_search.h"

#include "format/dwarf_inline.h"
#include "format/symbol_name.h"

#include <errno.h>

/* ---- DWARF ------------------------------------------------------------------------------------------ */

struct dwarf_search {
        struct search *s;
        bool unreadable; /* a copy without a name */
};

/* What C++ has in headers, it may have in many files, and so its symbol is weak (Itanium C++ ABI 5.2.4). C
 * has a strong one where one file offers the code of an inline function for all (C11 6.7.4). */
static void note_origin(struct note *n, const struct copy *own, const struct dwarf_copy *c)
{
        enum dwarf_origin origin = n->rust ? DWARF_OWN_FILE : dwarf_copy_origin(c);
        n->repeated |= origin != DWARF_OWN_FILE;
        n->header |= own->strong ? origin == DWARF_HEADER && !c->linkage : origin != DWARF_OWN_FILE;
}

static int take_copy(struct search *s, size_t wanted, void *context)
{
        const struct dwarf_copy *c = context;
        if (s->notes[wanted].version)
                return 0; /* debug information tells of no versions */
        if (c->inlined)
                return search_add_guard(s, wanted, c->address, 0);
        for (struct copy *own = map_get(&s->places, &c->address, sizeof(c->address)); own; own = own->next)
                if (own->wanted == wanted) {
                        own->described = s->notes[wanted].described = true;
                        note_origin(&s->notes[wanted], own, c);
                }
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

/* Link-time optimisation by GCC describes whatever it makes where it describes anything. LLVM tells of no
 * copy that lies in a function without debug information of its own
 * (llvm/lib/Transforms/Utils/InlineFunction.cpp, fixupLineNumbers), and nothing says that Clang's units were
 * joined. rustc's are told by their symbols. */
static int on_unit(void *context, const char *producer)
{
        struct search *s = ((struct dwarf_search *)context)->s;
        s->joined |= !producer || (strstr(producer, "clang") && !strstr(producer, "rustc"));
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
        const struct dwarf_inlines inlines = {on_unit, on_dwarf_copy, on_range, &d};
        int r = dwarf_inline_walk(bytes, &inlines);
        if (r == -ENOMEM)
                return r;
        if (s->described.count)
                qsort(s->described.items, s->described.count, sizeof(*s->described.items), compare_ranges);
        s->inlines_known = r == 0 && !d.unreadable;
        return note_hosts(s);
}

/* ---- Go --------------------------------------------------------------------------------------------- */

static int take_go(struct search *s, size_t wanted, const struct go_function *f)
{
        struct copy copy = {
                .wanted = wanted, .address = f->address, .size = f->size, .piece = f->inlined, .own = true};
        int r = f->size ? search_add_copy(s, &copy) : 0;
        return r == 0 && f->inlined ? search_add_guard(s, wanted, f->host, f->host_size) : r;
}

/* The package main bears its import path in advisories, and in the table "main", but for a plugin's. What the
 * function is called in it; NULL: it is of another package. */
static const char *name_in_main(const struct search *s, const struct native_query *q)
{
        size_t size = strlen(s->go_main);
        if (str_equal(q->container, s->go_main))
                return q->function;
        bool whole = !*q->container && str_starts(q->function, s->go_main) && q->function[size] == '.';
        return whole ? q->function + size + 1 : NULL;
}

static bool is_of_main(struct search *s, size_t wanted, struct span name)
{
        struct span main = SPAN("main.");
        if (!span_starts(name, "main."))
                return false;
        s->notes[wanted].unsure |= !s->go_main;
        const char *function = s->go_main ? name_in_main(s, &s->queries[wanted]) : NULL;
        return function &&
               go_function_is_called((struct span){name.data + main.size, name.size - main.size}, function);
}

/* What is no function of Go may be one of its assembly, whose names may be without a package. */
static bool is_go_function(struct search *s, size_t wanted, struct span name)
{
        const struct native_query *q = &s->queries[wanted];
        const struct note *n = &s->notes[wanted];
        if (!n->go)
                return !n->version && span_equal(name, q->function);
        bool is = *q->container ? go_function_is(name, q->container, q->function)
                                : go_function_is_called(name, q->function);
        return is || is_of_main(s, wanted, name);
}

static int on_go_function(void *context, const struct go_function *f)
{
        struct search *s = context;
        struct span word = go_last_word(f->name);
        int r = clock_share_spent(&s->share) ? -ETIME : 0;
        if (!f->name.size)
                s->inlines_known = false;
        for (struct wanted_list *w = s->addressed; w && r == 0; w = w->next)
                if (!f->inlined && f->address == w->address)
                        r = take_go(s, w->index, f);
        for (struct wanted_list *w = map_get(&s->words, word.data, word.size); w && r == 0; w = w->next)
                if (is_go_function(s, w->index, f->name))
                        r = take_go(s, w->index, f);
        return r;
}

int search_go(struct search *s, const struct go_functions *go)
{
        s->inlines_known = go->inline_base != 0;
        return go_functions_walk(go, on_go_function, s);
}
