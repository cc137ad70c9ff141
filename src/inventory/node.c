/* SPDX-License-Identifier: Apache-2.0 */

/* A package of Node is a folder with a package.json; everything below it, up to the next package, is its
 * code. Yarn's Plug'n'Play leaves the packages zipped, one archive each, and requires them from there. */

#include "inventory/add.h"

#include "format/node_package.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

enum { MOST_IN_ARCHIVE = 200, NAME_SIZE = 4096 };

static int add(struct inventory *inv, const struct node_package *n)
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
        r = folder ? add(inv, &n) : -ENOMEM;
        return r < 0 ? r : inventory_own_folder(inv, folder, inventory_last(inv));
}

/* ---- Yarn's archives --------------------------------------------------------------------------------- */

/* "node_modules/NAME/package.json": what the archive is for, not what that package carries for itself. */
static bool is_manifest(struct span name)
{
        char path[NAME_SIZE];
        if (!span_starts(name, "node_modules/") || !span_ends(name, "/package.json") ||
            name.size + 2 > sizeof(path))
                return false;
        snprintf(path, sizeof(path), "/%.*s", (int)name.size, name.data);
        return node_package_installed(path);
}

static int read_entry(struct inventory *inv, const struct candidate *c, const struct zip *z,
                      const struct zip_entry *entry)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct node_package n;
        int r = zip_read(z, entry, &text);
        if (r == 0)
                r = node_package_parse((struct span){text.data, text.size}, &inv->arena, &n);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        const char *folder =
                arena_strndup(&inv->arena, entry->name.data, entry->name.size - strlen("/package.json"));
        r = folder ? add(inv, &n) : -ENOMEM;
        return r < 0 ? r : inventory_own_inside(inv, c->path, folder, inventory_last(inv));
}

static int read_archive(struct inventory *inv, const struct candidate *c)
{
        _cleanup_close_ int fd = inventory_open(inv, c->path);
        struct archive_file file = {fd};
        struct zip_source source;
        _cleanup_zip_ struct zip z = {};
        int r = fd < 0 ? fd : archive_file_source(&file, &source);
        if (r == 0)
                r = zip_open(&source, &z);
        if (r < 0) {
                if (r != -ENOMEM)
                        inventory_limit(inv, "%s: not a readable archive", c->path);
                return r == -ENOMEM ? r : 0;
        }
        struct zip_entry entry;
        uint64_t i = 0, found = 0;
        while (r == 0 && found < MOST_IN_ARCHIVE && zip_next(&z, &i, &entry) > 0)
                if (is_manifest(entry.name)) {
                        found++;
                        r = read_entry(inv, c, &z, &entry);
                }
        return r;
}

static bool wants(const struct candidate *c)
{
        return str_ends(c->path, ".zip") ? strstr(c->path, "/.yarn/cache/") != NULL ||
                                                   strstr(c->path, "/.yarn/berry/cache/") != NULL
                                         : node_package_installed(c->path);
}

static int read_node(struct inventory *inv, const struct candidate *c)
{
        return str_ends(c->path, ".zip") ? read_archive(inv, c) : read_manifest(inv, c);
}

static const char *const names[] = {"package.json", "*.zip", NULL};

const struct reader reader_node = {.name = "node", .names = names, .wants = wants, .read = read_node};
