/* SPDX-License-Identifier: Apache-2.0 */

/* All tables of a file are walked once and everything that bears a wanted name is collected, clones and
 * inlined copies included; a second walk finds what else lies at the same addresses. What could not be
 * collected for certain only weakens the negative. */

#include "evidence/native_search.h"

#include "format/elf_functions.h"

#include <elf.h>
#include <errno.h>

enum {
        MINI_DEBUG = 64 << 20, /* bytes, unpacked */
        /* A table can lead to the same megabytes with each of its entries. What linkers make takes a tenth of
         * this. */
        NS_PER_BYTE = 25,
};
#define NS_AT_LEAST (1 * NS_PER_S)
#define NS_AT_MOST  (5 * NS_PER_S)

/* ---- names ------------------------------------------------------------------------------------------ */

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

/* "0x1139": where it begins, as the file itself numbers its code. 0: none. */
static uint64_t address_of(const struct native_query *q)
{
        uint64_t address = 0;
        bool is_address = !strncmp(q->function, "0x", 2) && str_to_u64(q->function + 2, 16, &address) == 0;
        return is_address ? address : 0;
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
                w->address = address_of(&s->queries[i]);
                if (w->address) {
                        s->notes[i].addressed = true;
                        w->next = s->addressed;
                        s->addressed = w;
                        continue;
                }
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
        struct elf more[2]; /* of the file itself, and of its debug file */
        size_t count = 0, own = 0;
        if (elf_mini_debug(s->elf, mini) == 0 &&
            elf_open((struct span){mini->data, mini->size}, &more[count]) == 0)
                own = ++count;
        if (file->debug.size && elf_open(file->debug, &more[count]) == 0)
                count++;
        s->all_symbols = elf_has_all_symbols(s->elf);
        int r = search_symbols(s, s->elf);
        for (size_t i = 0; r == 0 && i < count; i++) {
                s->all_symbols |= elf_has_all_symbols(&more[i]);
                s->foreign = i >= own;
                r = search_symbols(s, &more[i]);
        }
        s->foreign = false;
        s->library = s->elf->type == ET_DYN && !elf_has_section(s->elf, ".interp");
        s->folded = !s->all_symbols && elf_may_be_folded(s->elf);
        if (r == 0)
                r = search_frames(s);
        if (r == 0)
                r = search_addressed(s);
        uint64_t before = clock_cpu();
        if (r == 0)
                r = search_dwarf(s, file->debug.size ? file->debug : file->bytes);
        s->share.end += clock_cpu() - before; /* it has one of its own */
        if (r == 0)
                r = search_neighbours(s, s->elf);
        for (size_t i = 0; r == 0 && i < count; i++) {
                s->foreign = i >= own;
                r = search_neighbours(s, &more[i]);
        }
        if (r == 0)
                search_nameless(s);
        return r;
}

static int search_run(struct search *s, const struct native_file *file)
{
        _cleanup_buf_ struct buf mini = BUF_INIT(MINI_DEBUG);
        struct go_functions go;
        uint64_t bytes = file->bytes.size + file->debug.size;
        s->share = clock_share_of(MIN(NS_AT_LEAST + bytes * NS_PER_BYTE, NS_AT_MOST));
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
        vec_done(&s.frames);
        return r;
}
