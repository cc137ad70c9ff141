/* SPDX-License-Identifier: Apache-2.0 */

/* What the tables of a file tell of a function comes in any order and more than once: places and guards are
 * noted where nobody has noted them yet. */

#include "evidence/native_search.h"

#include "format/symbol_name.h"

#include <errno.h>

/* Of so many only few are watched. */
enum { MOST_COPIES = 16 * NATIVE_SITES_MOST };

int search_add_copy(struct search *s, const struct copy *copy)
{
        struct copy *first = map_get(&s->places, &copy->address, sizeof(copy->address));
        for (struct copy *c = first; c; c = c->next)
                if (c->wanted == copy->wanted) {
                        c->size = MAX(c->size, copy->size);
                        c->local &= copy->local;
                        c->strong &= copy->strong;
                        c->own |= copy->own;
                        c->described &= copy->described;
                        return 0;
                }
        struct note *n = &s->notes[copy->wanted];
        if (++n->copies > MOST_COPIES) {
                n->many |= !copy->piece; /* a piece has its guard */
                return 0;
        }
        struct copy *c = arena_alloc(s->arena, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = *copy;
        c->next = NULL;
        n->found = true;
        if (first) {
                c->next = first->next;
                first->next = c;
                return 0;
        }
        return map_put(&s->places, &c->address, sizeof(c->address), c);
}

int search_add_guard(struct search *s, size_t wanted, uint64_t address, uint64_t size)
{
        struct note *n = &s->notes[wanted];
        for (struct guard *g = n->guards; g; g = g->next)
                if (g->address == address)
                        return 0;
        n->inlined = true;
        if (!address || n->guard_count >= NATIVE_SITES_MOST) {
                n->hostless |= !address;
                n->many |= address != 0;
                return 0;
        }
        struct guard *g = arena_alloc(s->arena, sizeof(*g));
        if (!g)
                return -ENOMEM;
        *g = (struct guard){.address = address, .size = size, .next = n->guards};
        n->guards = g;
        n->guard_count++;
        return 0;
}

/* ---- names ------------------------------------------------------------------------------------------ */

int search_named(struct search *s, struct span symbol, search_handler each, void *context)
{
        int r = 0;
        for (struct wanted_list *w = map_get(&s->words, symbol.data, symbol.size); w && r == 0; w = w->next)
                r = each(s, w->index, context);
        for (struct wanted_list *w = s->readable; w && r == 0; w = w->next)
                if (symbol_is(symbol, s->queries[w->index].function))
                        r = each(s, w->index, context);
        if (r || !symbol_is_thunk(symbol))
                return r;
        /* Who is asked for as it is mangled is entered by its thunks as well. */
        char target[SYMBOL_MANGLED];
        struct span name = {target, symbol_behind_thunk(symbol, target)};
        struct wanted_list *w = name.size ? map_get(&s->words, name.data, name.size) : NULL;
        for (; w && r == 0; w = w->next)
                r = each(s, w->index, context);
        return r;
}

/* ---- code -------------------------------------------------------------------------------------------- */

bool search_is_described(const struct search *s, uint64_t address)
{
        size_t low = 0, high = s->described.count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (s->described.items[middle].begin <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low && address < s->described.items[low - 1].end;
}
