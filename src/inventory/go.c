/* SPDX-License-Identifier: Apache-2.0 */

/* A Go executable carries the list of the modules that were linked into it; where it does not (a distribution
 * built it), the names of its functions tell which ones, though not in which version. */

#include "inventory/add.h"

#include "base/map.h"
#include "format/go_buildinfo.h"
#include "format/go_functions.h"
#include "format/go_module.h"
#include "host/runtime.h"

#include <errno.h>

enum { MOST_MODULES = 5000, LONGEST_MODULE = 512, GUESS = 80 };

static int add(struct inventory *inv, const char *name, const char *version)
{
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        p->ecosystem = "Go";
        p->name = p->source = name;
        p->version = p->source_version = version;
        p->runtimes = RUNTIME_NATIVE;
        p->method = METHOD_BINARY;
        return 0;
}

static int add_module(struct inventory *inv, const struct candidate *c, const char *name, const char *version)
{
        int r = add(inv, name, version);
        return r < 0 ? r : inventory_own_inside(inv, c->path, name, inventory_last(inv));
}

static int add_modules(struct inventory *inv, const struct candidate *c, const struct go_buildinfo *info)
{
        const char *version = str_starts(info->go_version, "go") ? info->go_version + 2 : NULL;
        int r = add(inv, "stdlib", version);
        /* What no module claims: import paths whose first part has no dot. */
        if (r == 0)
                r = inventory_own_inside(inv, c->path, "", inventory_last(inv));
        vec_each (m, &info->modules)
                if (r == 0 && (r = add_module(inv, c, m->path, m->version)) == 0 && m->main)
                        r = inventory_own_inside(inv, c->path, "main", inventory_last(inv));
        return r;
}

/* ---- by the names of functions ---------------------------------------------------------------------- */

struct gathering {
        struct inventory *inv;
        const struct candidate *c;
        struct map seen;  /* modules; the names lie in the inventory */
        struct span last; /* functions of one package stand together */
        bool more;        /* modules than MOST_MODULES */
};

/* Symbols write the dots of a path's last part as "%2e" (cmd/internal/objabi/path.go). */
static void unescape_dots(char *name)
{
        for (char *at = name; (at = strstr(at, "%2e"));) {
                *at = '.';
                memmove(at + 1, at + 3, strlen(at + 3) + 1);
        }
}

static int take_function(void *context, const struct go_function *f)
{
        struct gathering *g = context;
        if (f->inlined)
                return 0;
        struct span module = go_module_of(go_import_path(f->name));
        if (!module.size || (module.size == g->last.size && !memcmp(module.data, g->last.data, module.size)))
                return 0;
        g->last = module;
        char text[LONGEST_MODULE];
        if (module.size >= sizeof(text))
                return 0;
        memcpy(text, module.data, module.size);
        text[module.size] = '\0';
        unescape_dots(text);
        if (map_get_str(&g->seen, text))
                return 0;
        if (g->seen.count >= MOST_MODULES) {
                g->more = true;
                return 0;
        }
        const char *name = arena_strdup(&g->inv->arena, text);
        if (!name || map_put_str(&g->seen, name, g) < 0)
                return -ENOMEM;
        int r = add_module(g->inv, g->c, name, NULL);
        if (r < 0)
                return r;
        struct package *p = &g->inv->packages.items[inventory_last(g->inv)];
        p->confidence = GUESS;
        p->detail = "names of functions";
        p->not_evaluated = "its version is not written into the program";
        return 0;
}

static int gather_modules(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        struct go_functions functions;
        struct gathering g = {.inv = inv, .c = c};
        int r = go_functions_open(elf, &functions);
        if (r == 0)
                r = go_functions_walk(&functions, take_function, &g);
        map_done(&g.seen);
        if (g.more)
                inventory_limit(inv, "%s: functions of more than %d modules; the others were left out",
                                c->path, MOST_MODULES);
        return r == -ENOMEM ? r : 0;
}

/* UPX leaves its mark behind the headers (upx, src/conf.h: UPX_MAGIC_LE32). */
static bool is_packed(const struct elf *elf)
{
        return elf->bytes.size > 512 && memmem(elf->bytes.data, 512, "UPX!", 4);
}

static int read_go(struct inventory *inv, const struct candidate *c, const struct elf *elf)
{
        struct go_buildinfo info = {};
        if (is_packed(elf)) {
                inventory_limit(inv, "%s: packed by UPX, nobody can tell what is in it", c->path);
                return 0;
        }
        int r = go_buildinfo_parse(elf, &inv->arena, &info);
        if (r == 0)
                r = add_modules(inv, c, &info);
        if (r == 0 && !info.modules.count)
                r = gather_modules(inv, c, elf);
        vec_done(&info.modules);
        return r == -ENOMEM ? r : 0;
}

/* ---- for other machines ------------------------------------------------------------------------------ */

/* Programs that this machine's kernel does not start by itself (Windows, macOS, big-endian processors): what
 * is linked into them is known, whether it runs is not. */
static int read_foreign(struct inventory *inv, const struct candidate *c, struct span program)
{
        struct go_buildinfo info = {};
        size_t first = inv->packages.count;
        int r = go_buildinfo_search(program, &inv->arena, &info);
        if (r == -ENOTSUP)
                inventory_limit(
                        inv, "%s: built by a Go before 1.18 for another system: its modules are not listed",
                        c->path);
        if (r == 0)
                r = add_modules(inv, c, &info);
        for (size_t i = first; i < inv->packages.count; i++)
                inv->packages.items[i].runtimes = RUNTIME_UNKNOWN;
        vec_done(&info.modules);
        return r == -ENOMEM ? r : 0;
}

static int read_windows(struct inventory *inv, const struct candidate *c)
{
        _cleanup_mapped_ struct span program = {};
        int r = inventory_map(inv, c->path, LARGEST_PROGRAM, &program);
        if (r == -EFBIG)
                inventory_limit(inv, "%s: a program of more than %d MiB, not looked into", c->path,
                                LARGEST_PROGRAM >> 20);
        if (r == 0 && span_starts(program, "MZ"))
                return read_foreign(inv, c, program);
        return r == -ENOMEM ? r : 0;
}

static const char *const names[] = {"*.exe", NULL};

const struct reader reader_go = {.name = "go",
                                 .names = names,
                                 .read = read_windows,
                                 .read_elf = read_go,
                                 .read_foreign = read_foreign};
