/* SPDX-License-Identifier: Apache-2.0 */

/* All tables of a file are walked once and everything that bears a wanted name is collected, clones and
 * inlined copies included; a second walk finds what else lies at the same addresses. What could not be
 * collected for certain only weakens the negative. */

#include "evidence/native_find.h"

#include "base/map.h"
#include "format/elf_functions.h"
#include "format/go_functions.h"
#include "format/instruction.h"
#include "format/symbol_name.h"

#include <errno.h>

enum {
        MINI_DEBUG = 64 << 20, /* bytes, unpacked */
        BLOCK_BYTES = 512,     /* of code that is looked at for a place */
};

/* One place that bears the name of a wanted function. */
struct copy {
        size_t wanted;
        uint64_t address, size;
        bool inlined, shared;
        struct copy *next; /* at the same address */
};

/* Queries with the same last word. */
struct wanted_list {
        size_t index;
        struct wanted_list *next;
};

struct finding_of {
        bool found, chosen, part, many, inlined;
};

struct search {
        const struct elf *elf;
        const struct native_query *queries;
        size_t count;
        struct arena *arena;
        struct map words;             /* last word of a wanted function → struct wanted_list */
        struct map places;            /* address → struct copy */
        struct wanted_list *readable; /* those that are no plain symbols: "a::b" */
        struct finding_of *notes;
        struct native_function *results;
        bool go;
        int error;
};

/* ---- collecting ------------------------------------------------------------------------------------- */

static int add_copy(struct search *s, size_t wanted, uint64_t address, uint64_t size, bool inlined)
{
        struct copy *first = map_get(&s->places, &address, sizeof(address));
        for (struct copy *c = first; c; c = c->next)
                if (c->wanted == wanted)
                        return 0;
        struct copy *c = arena_alloc(s->arena, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (struct copy){.wanted = wanted, .address = address, .size = size, .inlined = inlined};
        s->notes[wanted].found = true;
        s->notes[wanted].inlined |= inlined;
        if (first) {
                c->next = first->next;
                first->next = c;
                return 0;
        }
        return map_put(&s->places, &c->address, sizeof(c->address), c);
}

static int take_symbol(struct search *s, const struct elf_function *f, enum symbol_clone clone, size_t wanted)
{
        s->notes[wanted].chosen |= f->chosen;
        s->notes[wanted].part |= clone == SYMBOL_PART || clone == SYMBOL_OUTLINED;
        bool entered = clone == SYMBOL_WHOLE || clone == SYMBOL_PART;
        return f->chosen || !entered ? 0 : add_copy(s, wanted, f->address, f->size, false);
}

static int on_symbol(void *context, const struct elf_function *f)
{
        struct search *s = context;
        enum symbol_clone clone;
        struct span name = symbol_fold(f->name, &clone);
        int r = 0;
        for (struct wanted_list *w = map_get(&s->words, name.data, name.size); w && r == 0; w = w->next)
                r = take_symbol(s, f, clone, w->index);
        for (struct wanted_list *w = s->readable; w && r == 0; w = w->next)
                if (symbol_is(name, s->queries[w->index].function))
                        r = take_symbol(s, f, clone, w->index);
        return r;
}

/* The last word of a Go function's name, type parameters aside. */
static struct span go_last_word(struct span name)
{
        if (name.size && name.data[name.size - 1] == ']') {
                size_t depth = 0;
                while (name.size) {
                        char c = name.data[--name.size];
                        depth += c == ']';
                        if (c == '[' && --depth == 0)
                                break;
                }
        }
        size_t begin = name.size;
        while (begin && name.data[begin - 1] != '.')
                begin--;
        return (struct span){name.data + begin, name.size - begin};
}

/* "golang.org/x/text/language.Parse" → its import path; the function's own name begins behind the dot. */
static int split_go(const struct native_query *q, struct arena *a, struct native_query *ret)
{
        const char *slash = strrchr(q->function, '/');
        const char *dot = strchr(slash ? slash : q->function, '.');
        *ret = *q;
        if (*q->container || !dot)
                return 0;
        ret->container = arena_strndup(a, q->function, (size_t)(dot - q->function));
        ret->function = dot + 1;
        return ret->container ? 0 : -ENOMEM;
}

static int on_go_function(void *context, const struct go_function *f)
{
        struct search *s = context;
        struct span word = go_last_word(f->name);
        int r = 0;
        for (struct wanted_list *w = map_get(&s->words, word.data, word.size); w && r == 0; w = w->next) {
                const struct native_query *q = &s->queries[w->index];
                if (go_function_is(f->name, q->container, q->function))
                        r = add_copy(s, w->index, f->address, f->size, f->inlined);
        }
        return r;
}

static int index_queries(struct search *s)
{
        for (size_t i = 0; i < s->count; i++) {
                struct wanted_list *w = arena_alloc(s->arena, sizeof(*w));
                const char *function = s->queries[i].function;
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

/* ---- what else lies there --------------------------------------------------------------------------- */

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
        struct span name = symbol_fold(f->name, &clone);
        for (; c; c = c->next)
                if (!same_function(name, s->queries[c->wanted].function) &&
                    !symbol_is(name, s->queries[c->wanted].function))
                        c->shared = true;
        return 0;
}

/* ---- places ----------------------------------------------------------------------------------------- */

static int add_site(struct search *s, const struct copy *c)
{
        struct native_function *f = &s->results[c->wanted];
        struct native_site site = {.shared = c->shared};
        struct span code;
        size_t skip = 0;
        enum probe_step step = PROBE_STEPPED;
        if (elf_at_address(s->elf, c->address, &code) < 0 ||
            elf_code_offset(s->elf, c->address, &site.offset) < 0)
                return 0;
        uint64_t size = c->size ? c->size : BLOCK_BYTES;
        code.size = MIN(code.size, MIN(size, (uint64_t)BLOCK_BYTES));
        enum probe_where where = c->inlined ? PROBE_IN_BODY : PROBE_AT_ENTRY;
        if (probe_point(s->elf->machine, code, c->address, where, &skip, &step) < 0)
                return 0;
        if (f->site_count >= NATIVE_SITES_MOST) {
                s->notes[c->wanted].many = true;
                return 0;
        }
        if (!f->sites && !(f->sites = arena_alloc(s->arena, NATIVE_SITES_MOST * sizeof(*f->sites))))
                return -ENOMEM;
        site.offset += skip;
        site.stepped = step == PROBE_STEPPED;
        f->sites[f->site_count++] = site;
        return 0;
}

static const char *why_unknown(const struct search *s, size_t i)
{
        const struct finding_of *n = &s->notes[i];
        if (n->inlined)
                return "it is inlined, and its copies cannot be told from their callers' code";
        if (n->found)
                return "it has no instruction that can be probed";
        if (n->chosen)
                return "which of its versions runs is chosen at run time (IFUNC)";
        if (s->go)
                return "not in the program: the linker left it out, or this Go version does not tell";
        return n->part ? "only pieces of it have a name" : "no symbol of that name: stripped, or inlined";
}

static const char *why_partial(const struct search *s, size_t i, bool inlines_known)
{
        const struct finding_of *n = &s->notes[i];
        if (n->part)
                return "the compiler split it: its head may be inlined";
        if (n->inlined)
                return "inlined copies of it may run unseen";
        if (n->many)
                return "it has more copies than are watched";
        if (n->chosen)
                return "which of its versions runs is chosen at run time (IFUNC)";
        return inlines_known ? NULL : "may be inlined: no debug information";
}

static int make_sites(struct search *s, bool inlines_known)
{
        size_t i = 0;
        for (void *value; map_next(&s->places, &i, NULL, NULL, &value);)
                for (struct copy *c = value; c; c = c->next) {
                        size_t before = s->results[c->wanted].site_count;
                        int r = add_site(s, c);
                        if (r < 0)
                                return r;
                        if (s->results[c->wanted].site_count == before && !s->results[c->wanted].partial)
                                s->results[c->wanted].partial = "a copy of it cannot be probed";
                }
        for (size_t k = 0; k < s->count; k++) {
                struct native_function *f = &s->results[k];
                if (!f->site_count)
                        f->unknown = why_unknown(s, k);
                else if (!f->partial)
                        f->partial = why_partial(s, k, inlines_known);
        }
        return 0;
}

/* ---- all -------------------------------------------------------------------------------------------- */

static int collect(struct search *s, const struct native_file *file, struct buf *mini)
{
        struct elf extra;
        int r = elf_functions(s->elf, on_symbol, s);
        bool more = r == 0 && elf_mini_debug(s->elf, mini) == 0 &&
                    elf_open((struct span){mini->data, mini->size}, &extra) == 0;
        if (more)
                r = elf_functions(&extra, on_symbol, s);
        if (r == 0)
                r = elf_functions(s->elf, on_neighbour, s);
        if (r == 0 && more)
                r = elf_functions(&extra, on_neighbour, s);
        if (r == 0 && file->debug.size && elf_open(file->debug, &extra) == 0) {
                r = elf_functions(&extra, on_symbol, s);
                if (r == 0)
                        r = elf_functions(&extra, on_neighbour, s);
        }
        return r;
}

static int search_run(struct search *s, const struct native_file *file)
{
        _cleanup_buf_ struct buf mini = BUF_INIT(MINI_DEBUG);
        struct go_functions go;
        s->go = go_functions_open(s->elf, &go) == 0;
        s->notes = arena_alloc(s->arena, MAX(s->count, (size_t)1) * sizeof(*s->notes));
        struct native_query *split = arena_alloc(s->arena, MAX(s->count, (size_t)1) * sizeof(*split));
        int r = s->notes && split ? 0 : -ENOMEM;
        for (size_t i = 0; s->go && r == 0 && i < s->count; i++)
                r = split_go(&s->queries[i], s->arena, &split[i]);
        if (s->go)
                s->queries = split;
        if (r == 0)
                r = index_queries(s);
        if (r == 0)
                r = s->go ? go_functions_walk(&go, on_go_function, s) : collect(s, file, &mini);
        return r < 0 ? r : make_sites(s, s->go && go.inline_base);
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
        return r;
}

/* ---- the wire --------------------------------------------------------------------------------------- */

void native_function_pack(const struct native_function *f, struct buf *to)
{
        wire_put_u64(to, f->site_count);
        for (size_t i = 0; i < f->site_count; i++) {
                wire_put_u64(to, f->sites[i].offset);
                wire_put_u64(to, f->sites[i].stepped);
                wire_put_u64(to, f->sites[i].shared);
        }
        wire_put_str(to, f->unknown);
        wire_put_str(to, f->partial);
}

int native_function_unpack(struct wire *from, struct arena *a, struct native_function *ret)
{
        struct native_function f = {.site_count = wire_get_max(from, NATIVE_SITES_MOST)};
        f.sites = arena_alloc(a, MAX(f.site_count, (size_t)1) * sizeof(*f.sites));
        if (!f.sites)
                return -ENOMEM;
        for (size_t i = 0; i < f.site_count; i++) {
                f.sites[i].offset = wire_get_u64(from);
                f.sites[i].stepped = wire_get_max(from, 1);
                f.sites[i].shared = wire_get_max(from, 1);
        }
        f.unknown = wire_get_str(from, a);
        f.partial = wire_get_str(from, a);
        if (from->failed || (!f.site_count && !f.unknown))
                return -EBADMSG;
        *ret = f;
        return 0;
}
