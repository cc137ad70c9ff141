/* SPDX-License-Identifier: Apache-2.0 */

/* Libraries that a bundler joined into one file keep their licence banner, with name and version, because the
 * licence asks for it; and a bundle that is not minified names the module of each part. Both are guesses: a
 * banner may be quoted, and the rest of the library left out. */

#include "inventory/add.h"

#include "format/module_paths.h"
#include "host/runtime.h"
#include "inventory/tables.h"

#include <errno.h>

/* Most bundles run in browsers, where nobody looks: that no Node.js holds them proves nothing. */
#define BROWSER (RUNTIME_NODE | RUNTIME_UNKNOWN)

enum { LARGEST = 32 << 20, LEAST = 8 << 10, GUESS = 60, /* percent */ BY_PATH = 50 };

static int add_hit(struct inventory *inv, const struct candidate *c, const struct signature_hit *hit)
{
        struct package *p = inventory_add_named(inv, "npm", hit->name, hit->version, BROWSER, METHOD_STRINGS);
        if (!p)
                return -ENOMEM;
        p->confidence = GUESS;
        p->detail = arena_printf(&inv->arena, "0x%llx: %s", (unsigned long long)hit->at, hit->text);
        return p->detail ? inventory_own_inside(inv, c->path, hit->name, inventory_last(inv)) : -ENOMEM;
}

/* What a banner has told with its version is not told again without. */
static int add_module(struct inventory *inv, const struct candidate *c, const struct module_path *m,
                      const signature_hits *hits)
{
        vec_each (hit, hits)
                if (!strcmp(hit->name, m->name) && (!m->version || !strcmp(hit->version, m->version)))
                        return 0;
        struct package *p = inventory_add_named(inv, "npm", m->name, m->version, BROWSER, METHOD_STRINGS);
        if (!p)
                return -ENOMEM;
        p->confidence = BY_PATH;
        p->detail = arena_printf(&inv->arena, "0x%llx: %s", (unsigned long long)m->at, m->text);
        return p->detail ? inventory_own_inside(inv, c->path, m->name, inventory_last(inv)) : -ENOMEM;
}

static int read_bundle(struct inventory *inv, const struct candidate *c)
{
        _cleanup_mapped_ struct span bytes = {};
        signature_hits hits = {};
        module_path_list modules = {};
        int r = inventory_map(inv, c->path, LARGEST, &bytes);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        const struct tables *tables = inventory_tables(inv);
        r = tables ? signatures_find(tables->javascript, bytes, c->name, &inv->arena, &hits) : -ENOMEM;
        vec_each (hit, &hits)
                if (r == 0)
                        r = add_hit(inv, c, hit);
        if (r == 0)
                r = module_paths_find(bytes, &inv->arena, &modules);
        vec_each (m, &modules)
                if (r == 0)
                        r = add_module(inv, c, m, &hits);
        vec_done(&modules);
        vec_done(&hits);
        return r;
}

/* What lies in node_modules names itself. */
static bool wants(const struct candidate *c)
{
        return c->size >= LEAST && c->size <= LARGEST && !strstr(c->path, "/node_modules/");
}

static const char *const names[] = {"*.js", "*.mjs", "*.cjs", NULL};

const struct reader reader_javascript = {
        .name = "javascript", .names = names, .wants = wants, .read = read_bundle, .skip_owned = true};
