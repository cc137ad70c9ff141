/* SPDX-License-Identifier: Apache-2.0 */

/* Libraries that a bundler joined into one file keep their licence banner, with name and version, because the
 * licence asks for it. That is a guess: a banner may be quoted, and the rest of the library left out. */

#include "inventory/add.h"

#include "host/runtime.h"
#include "inventory/tables.h"

#include <errno.h>

/* Most bundles run in browsers, where nobody looks: that no Node.js holds them proves nothing. */
#define BROWSER (RUNTIME_NODE | RUNTIME_UNKNOWN)

enum { LARGEST = 32 << 20, LEAST = 8 << 10, GUESS = 60 /* percent */ };

static int add_hit(struct inventory *inv, const struct candidate *c, const struct signature_hit *hit)
{
        struct package *p = inventory_add_named(inv, "npm", hit->name, hit->version, BROWSER, METHOD_STRINGS);
        if (!p)
                return -ENOMEM;
        p->confidence = GUESS;
        p->detail = arena_printf(&inv->arena, "0x%llx: %s", (unsigned long long)hit->at, hit->text);
        return p->detail ? inventory_own_inside(inv, c->path, hit->name, inventory_last(inv)) : -ENOMEM;
}

static int read_bundle(struct inventory *inv, const struct candidate *c)
{
        _cleanup_mapped_ struct span bytes = {};
        signature_hits hits = {};
        int r = inventory_map(inv, c->path, LARGEST, &bytes);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        const struct tables *tables = inventory_tables(inv);
        r = tables ? signatures_find(tables->javascript, bytes, c->name, &inv->arena, &hits) : -ENOMEM;
        vec_each (hit, &hits)
                if (r == 0)
                        r = add_hit(inv, c, hit);
        vec_done(&hits);
        return r;
}

/* What lies in node_modules names itself. */
static bool wants(const struct candidate *c)
{
        return c->size >= LEAST && c->size <= LARGEST && !strstr(c->path, "/node_modules/");
}

static const char *const names[] = {"*.js", NULL};

const struct reader reader_javascript = {
        .name = "javascript", .names = names, .wants = wants, .read = read_bundle, .skip_owned = true};
