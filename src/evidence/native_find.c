/* SPDX-License-Identifier: Apache-2.0 */

/* All tables of a file are walked once and everything that bears a wanted name is collected, clones and
 * inlined copies included; a second walk finds what else lies at the same addresses. What could not be
 * collected for certain only weakens the negative. */

#include "evidence/native_search.h"

#include "format/elf_functions.h"
#include "format/go_buildinfo.h"
#include "format/symbol_name.h"

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

/* By hand it is called as a whole, "golang.org/x/text/language.Parse"; C++, Rust and what is mangled are not.
 */
static bool is_go_name(const char *name)
{
        return strchr(name, '.') && !strstr(name, "::") && !str_starts(name, "_Z") && !str_starts(name, "_R");
}

/* Advisories write "init#1" and "F$1", as golang.org/x/tools/go/ssa does, for what the linker calls "init.0"
 * and "F.func1". By hand, what C makes of a function ("f.isra.0", "f._omp_fn.0") looks like one of Go
 * ("slices.clone"). */
static bool may_have_other_name(const struct native_query *q)
{
        enum symbol_clone clone;
        if (strpbrk(q->function, "#$") || span_equal(go_last_word(span_of(q->function)), "init"))
                return true;
        bool folded = symbol_fold(q->function, &clone).size != strlen(q->function);
        return !*q->container && ((folded && clone != SYMBOL_OUTLINED) || strstr(q->function, "._"));
}

/* "memcpy@GLIBC_2.2.5", or "memcpy@@GLIBC_2.14", as tools write the version that is taken by default.
 * Versions are for the dynamic linker, which knows nothing of Go. */
static int split_version(struct search *s, struct native_query *q, struct note *n)
{
        size_t size = strcspn(q->function, "@");
        n->version = q->function + size + strspn(q->function + size, "@");
        n->version_number = elf_version_number(s->elf, n->version);
        q->function = arena_strndup(s->arena, q->function, size);
        q->container = "";
        return q->function ? 0 : -ENOMEM;
}

static int split(struct search *s, struct native_query *q, struct note *n)
{
        if (q->provider)
                return 0;
        if (strchr(q->function, '@'))
                return split_version(s, q, n);
        n->go = s->go && (*q->container || is_go_name(q->function));
        n->unsure = n->go && may_have_other_name(q);
        return 0;
}

static int read_go_main(struct search *s)
{
        struct go_buildinfo info = {};
        int r = go_buildinfo_parse(s->elf, s->arena, &info);
        s->go_main = r == 0 ? info.main_path : NULL;
        vec_done(&info.modules);
        return r == -ENOMEM ? r : 0;
}

static int split_all(struct search *s)
{
        struct native_query *queries = arena_alloc(s->arena, MAX(s->count, (size_t)1) * sizeof(*queries));
        int r = queries ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < s->count; i++) {
                queries[i] = s->queries[i];
                r = split(s, &queries[i], &s->notes[i]);
        }
        s->queries = queries;
        return r;
}

/* "0x1139": where it begins, as the file itself numbers its code. 0: none. */
static uint64_t address_of(const struct native_query *q)
{
        uint64_t address = 0;
        bool is_address = !strncmp(q->function, "0x", 2) && str_to_u64(q->function + 2, 16, &address) == 0;
        return is_address ? address : 0;
}

static int index_word(struct search *s, struct wanted_list *w)
{
        struct span word = span_of(s->queries[w->index].function);
        if (s->notes[w->index].go)
                word = go_last_word(word);
        w->next = map_get(&s->words, word.data, word.size);
        return word.size ? map_put(&s->words, word.data, word.size, w) : 0;
}

static int index_query(struct search *s, struct wanted_list *w)
{
        struct note *n = &s->notes[w->index];
        w->address = address_of(&s->queries[w->index]);
        n->addressed = w->address != 0;
        bool readable = !n->go && strchr(s->queries[w->index].function, ':');
        s->mixed |= s->go && !n->go;
        struct wanted_list **list = n->addressed ? &s->addressed : readable ? &s->readable : NULL;
        if (!list)
                return index_word(s, w);
        w->next = *list;
        *list = w;
        return 0;
}

static int index_queries(struct search *s)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < s->count; i++) {
                if (s->queries[i].provider)
                        continue;
                struct wanted_list *w = arena_alloc(s->arena, sizeof(*w));
                if (w)
                        w->index = i;
                r = w ? index_query(s, w) : -ENOMEM;
        }
        return r;
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
        if (r == 0 && !s->go)
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
                r = read_go_main(s);
        if (r == 0)
                r = split_all(s);
        if (r == 0)
                r = index_queries(s);
        if (r == 0 && (!s->go || s->mixed))
                r = collect(s, file, &mini);
        if (r == 0 && s->go)
                r = search_go(s, &go);
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
