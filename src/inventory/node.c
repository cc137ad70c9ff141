/* SPDX-License-Identifier: Apache-2.0 */

/* A package of Node is a folder with a package.json; everything below it, up to the next package, is its
 * code. */

#include "inventory/node.h"

#include "host/runtime.h"

#include <errno.h>

int node_add(struct inventory *inv, const struct node_package *n)
{
        struct package *p =
                inventory_add_named(inv, "npm", n->name, n->version, RUNTIME_NODE, METHOD_MANIFEST);
        /* Extensions that a Python package brings along run in browsers, where nobody looks. */
        if (p && (strstr(p->path, "/site-packages/") || strstr(p->path, "/dist-packages/")))
                p->runtimes |= RUNTIME_UNKNOWN;
        if (p && n->is_private)
                p->not_evaluated = "private: no registry knows it";
        return p ? 0 : -ENOMEM;
}

static int read_manifest(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct node_package n;
        int r = inventory_read_file(inv, c->path, &text);
        if (r == 0)
                r = node_package_parse((struct span){text.data, text.size}, &inv->arena, &n);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                if (r == -EFBIG)
                        inventory_limit(inv, "%s: too large", c->path);
                return 0;
        }
        const char *folder = inventory_folder(inv, c->path, 1);
        r = folder ? node_add(inv, &n) : -ENOMEM;
        return r < 0 ? r : inventory_own_folder(inv, folder, inventory_last(inv));
}

static bool wants(const struct candidate *c)
{
        return node_package_installed(c->path);
}

static const char *const names[] = {"package.json", NULL};

const struct reader reader_node = {.name = "node", .names = names, .wants = wants, .read = read_manifest};
