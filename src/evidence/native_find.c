/* SPDX-License-Identifier: Apache-2.0 */

/* All tables of a file are walked once and everything that bears a wanted name is collected, clones and
 * inlined copies included; a second walk finds what else lies at the same addresses. What could not be
 * collected for certain only weakens the negative. */

#include "evidence/native_search.h"

#include "format/elf_functions.h"
#include "format/symbol_name.h"

#include <errno.h>

enum { MINI_DEBUG = 64 << 20 /* bytes, unpacked */ };

/* ---- what is collected ------------------------------------------------------------------------------ */

int search_add_copy(struct search *s, const struct copy *copy)
{
        struct copy *first = map_get(&s->places, &copy->address, sizeof(copy->address));
        for (struct copy *c = first; c; c = c->next)
                if (c->wanted == copy->wanted) {
                        c->size = MAX(c->size, copy->size);
                        c->local &= copy->local;
                        return 0;
                }
        struct copy *c = arena_alloc(s->arena, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = *copy;
        c->next = NULL;
        s->notes[copy->wanted].found = true;
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
        return r;
}

struct symbol_seen {
        const struct elf_function *function;
        enum symbol_clone clone;
        struct span name;
        bool plain; /* neither mangled nor with a suffix: says nothing of where it belongs */
};

static int take_symbol(struct search *s, size_t wanted, void *context)
{
        const struct symbol_seen *seen = context;
        struct note *n = &s->notes[wanted];
        n->chosen |= seen->function->chosen;
        n->repeated |= seen->function->repeated && !symbol_is_rust(seen->name);
        n->part |= seen->clone == SYMBOL_PART || seen->clone == SYMBOL_OUTLINED;
        bool entered = seen->clone == SYMBOL_WHOLE || seen->clone == SYMBOL_PART;
        if (seen->function->chosen || !entered)
                return 0;
        struct copy copy = {.wanted = wanted,
                            .address = seen->function->address,
                            .size = seen->function->size,
                            .local = seen->function->local && seen->plain};
        return search_add_copy(s, &copy);
}

static int on_symbol(void *context, const struct elf_function *f)
{
        struct symbol_seen seen = {.function = f};
        struct span name = symbol_fold(f->name, &seen.clone);
        seen.name = name;
        seen.plain = (!f->name[name.size] || f->name[name.size] == '@') && !span_starts(name, "_Z") &&
                     !span_starts(name, "_R");
        return search_named(context, name, take_symbol, &seen);
}

/* "golang.org/x/text/language.Parse" → its import path; the function's own name begins behind the dot. */
static int split_go(const struct native_query *q, struct arena *a, struct native_query *ret)
{
        const char *slash = strrchr(q->function, '/');
        const char *dot = strchr(slash ? slash : q->function, '.');
        *ret = *q;
        if (*q->container || !dot || q->provider)
                return 0;
        ret->container = arena_strndup(a, q->function, (size_t)(dot - q->function));
        ret->function = dot + 1;
        return ret->container ? 0 : -ENOMEM;
}

static int split_all_go(struct search *s)
{
        struct native_query *split = arena_alloc(s->arena, MAX(s->count, (size_t)1) * sizeof(*split));
        if (!split)
                return -ENOMEM;
        for (size_t i = 0; i < s->count; i++) {
                int r = split_go(&s->queries[i], s->arena, &split[i]);
                if (r < 0)
                        return r;
        }
        s->queries = split;
        return 0;
}

static int index_queries(struct search *s)
{
        for (size_t i = 0; i < s->count; i++) {
                struct wanted_list *w = arena_alloc(s->arena, sizeof(*w));
                const char *function = s->queries[i].function;
                if (s->queries[i].provider)
                        continue;
                if (!w)
                        return -ENOMEM;
                w->index = i;
                if (!s->go && strchr(function, ':')) {
                        w->next = s->readable;
                        s->readable = w;
                        continue;
                }
                struct span word = s->go ? go_last_word(span_of(function)) : span_of(function);
                w->next = map_get(&s->words, word.data, word.size);
                if (word.size && map_put(&s->words, word.data, word.size, w) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* ---- all -------------------------------------------------------------------------------------------- */

static int collect(struct search *s, const struct native_file *file, struct buf *mini)
{
        struct elf more[2];
        size_t count = 0;
        if (elf_mini_debug(s->elf, mini) == 0 &&
            elf_open((struct span){mini->data, mini->size}, &more[count]) == 0)
                count++;
        if (file->debug.size && elf_open(file->debug, &more[count]) == 0)
                count++;
        int r = elf_functions(s->elf, on_symbol, s);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = elf_functions(&more[i], on_symbol, s);
        if (r == 0)
                r = search_dwarf(s, file->debug.size ? file->debug : file->bytes);
        if (r == 0)
                r = search_neighbours(s, s->elf);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = search_neighbours(s, &more[i]);
        return r;
}

static int search_run(struct search *s, const struct native_file *file)
{
        _cleanup_buf_ struct buf mini = BUF_INIT(MINI_DEBUG);
        struct go_functions go;
        s->go = go_functions_open(s->elf, &go) == 0;
        s->notes = arena_alloc(s->arena, MAX(s->count, (size_t)1) * sizeof(*s->notes));
        int r = s->notes ? 0 : -ENOMEM;
        if (r == 0 && s->go)
                r = split_all_go(s);
        if (r == 0)
                r = index_queries(s);
        if (r == 0)
                r = s->go ? search_go(s, &go) : collect(s, file, &mini);
        if (r == 0)
                r = search_places(s);
        return r < 0 ? r : search_usdt(s);
}

int native_find(const struct native_file *file, const struct native_query *queries, size_t count,
                struct arena *a, struct native_function *ret)
{
        struct elf elf;
        int r = elf_open(file->bytes, &elf);
        if (r < 0)
                return r;
        for (size_t i = 0; i < count; i++)
                ret[i] = (struct native_function){};
        struct search s = {.elf = &elf, .queries = queries, .count = count, .arena = a, .results = ret};
        r = search_run(&s, file);
        map_done(&s.words);
        map_done(&s.places);
        map_done(&s.entries);
        vec_done(&s.described);
        return r;
}
