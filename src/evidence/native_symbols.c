/* SPDX-License-Identifier: Apache-2.0 */

/* Symbols are walked twice: for what bears a wanted name, and then for what else lies at the same addresses:
 * whether it is the same function, under another name, decides whether a probe there tells of one function.
 */

#include "evidence/native_search.h"

#include "format/elf_functions.h"
#include "format/symbol_name.h"

#include <errno.h>

struct symbol_seen {
        const struct elf_function *function;
        enum symbol_clone clone;
        struct span name;
        bool plain; /* neither mangled nor with a suffix: says nothing of where it belongs */
};

/* Of a symbol that is exported in a version, or whose name tells one: "memcpy@@GLIBC_2.14". */
enum version_match { VERSION_UNTOLD, VERSION_SAME, VERSION_OTHER };

static enum version_match match_version(const struct note *n, const struct elf_function *f)
{
        const char *at = strchr(f->name, '@');
        if (!at && !f->version)
                return VERSION_UNTOLD;
        bool same = at ? str_equal(at + strspn(at, "@"), n->version) : f->version == n->version_number;
        return same ? VERSION_SAME : VERSION_OTHER;
}

/* Its words are parted by dots, which looks like the suffix that a compiler of C adds. */
static bool is_name_of_go(const struct symbol_seen *seen)
{
        return seen->clone == SYMBOL_OUTLINED || strstr(seen->function->name, ".clone");
}

static int take_symbol(struct search *s, size_t wanted, void *context)
{
        const struct symbol_seen *seen = context;
        struct note *n = &s->notes[wanted];
        if (n->go || (s->go && is_name_of_go(seen)) ||
            (n->version && match_version(n, seen->function) != VERSION_SAME))
                return 0;
        n->chosen |= seen->function->chosen;
        n->rust |= symbol_is_rust(seen->name);
        n->rust_std |= symbol_is_rust_std(seen->name);
        n->repeated |= seen->function->repeated && !symbol_is_rust(seen->name);
        n->part |= seen->clone == SYMBOL_PART || seen->clone == SYMBOL_OUTLINED;
        bool entered = seen->clone == SYMBOL_WHOLE || seen->clone == SYMBOL_PART;
        if (seen->function->chosen || !entered)
                return 0;
        struct copy copy = {.wanted = wanted,
                            .address = seen->function->address,
                            .size = seen->function->size,
                            .local = seen->function->local && seen->plain,
                            .strong = !seen->function->repeated,
                            .own = !s->foreign,
                            .described = symbol_is_thunk(seen->name)};
        return search_add_copy(s, &copy);
}

static int on_symbol(void *context, const struct elf_function *f)
{
        struct search *s = context;
        struct symbol_seen seen = {.function = f};
        if (clock_share_spent(&s->share))
                return -ETIME;
        struct span name = symbol_fold(f->name, &seen.clone);
        seen.name = name;
        seen.plain = name.data == f->name && (!name.data[name.size] || name.data[name.size] == '@') &&
                     !span_starts(name, "_Z") && !span_starts(name, "_R");
        return search_named(s, name, take_symbol, &seen);
}

int search_symbols(struct search *s, const struct elf *tables)
{
        return elf_functions(tables, on_symbol, s);
}

/* ---- what else is there ------------------------------------------------------------------------------ */

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
        return f->size && !symbol_is_thunk(span_of(f->name)) && !search_is_described(s, f->address) &&
               !is_reserved(f->name);
}

/* Names of one function: aliases with underscores in front, and the variants of a C++ constructor. */
static bool same_function(struct span name, const char *wanted)
{
        while (name.size && *name.data == '_')
                name = (struct span){name.data + 1, name.size - 1};
        while (*wanted == '_')
                wanted++;
        return span_equal(name, wanted);
}

static void note_undescribed(struct search *s, struct span name, bool rust)
{
        bool std = rust && symbol_is_rust_std(name);
        s->undescribed = true;
        s->undescribed_std |= std;
        s->undescribed_rust |= rust && !std;
}

/* A library is made for others. A program is, where it offers functions to its plugins; what the linker makes
 * it offer besides is weak or its own. */
static void note_offered(struct search *s, const struct elf_function *f, bool rust)
{
        if (!f->exported || f->local)
                return;
        s->imported |= rust;
        s->included = s->included || ((s->library || !f->repeated) && !is_reserved(f->name) &&
                                      !str_equal(f->name, "_init") && !str_equal(f->name, "_fini"));
}

/* Whether a symbol at the place of a function is not that function. */
static bool is_other(const struct search *s, size_t wanted, struct span name, const struct elf_function *f)
{
        const struct note *n = &s->notes[wanted];
        const char *function = s->queries[wanted].function;
        if (n->addressed)
                return false;
        if (n->version && match_version(n, f) == VERSION_OTHER)
                return true;
        return !same_function(name, function) && !symbol_is(name, function);
}

static int on_neighbour(void *context, const struct elf_function *f)
{
        struct search *s = context;
        enum symbol_clone clone;
        if (clock_share_spent(&s->share))
                return -ETIME;
        struct copy *c = map_get(&s->places, &f->address, sizeof(f->address));
        struct guard *host = map_get(&s->entries, &f->address, sizeof(f->address));
        struct span name = symbol_fold(f->name, &clone);
        bool rust = symbol_is_rust(name);
        note_offered(s, f, rust);
        s->thunks = s->thunks || symbol_is_thunk(name);
        if (!(rust ? s->undescribed_rust : s->undescribed) && is_undescribed(s, f))
                note_undescribed(s, name, rust);
        search_name_frame(s, f->address);
        uint64_t size = f->size ? f->size : search_code_size(s, f->address);
        if (host && clone != SYMBOL_COLD) {
                host->size = MAX(host->size, MAX(size, (uint64_t)1));
                host->own |= !s->foreign;
        }
        for (; c; c = c->next)
                c->shared = c->shared || is_other(s, c->wanted, name, f);
        return 0;
}

int search_neighbours(struct search *s, const struct elf *tables)
{
        return elf_functions(tables, on_neighbour, s);
}
