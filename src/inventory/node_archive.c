/* SPDX-License-Identifier: Apache-2.0 */

/* Packages that are never unpacked: Yarn's Plug'n'Play leaves each in an archive of its own and requires it
 * from there, Electron puts an application with all that it requires into one. */

#include "inventory/archive.h"
#include "inventory/node.h"

#include "base/file.h"
#include "format/asar.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

enum { MOST_IN_ARCHIVE = 200, NAME_SIZE = 4096, LARGEST_TREE = 64 << 20 };

static int add_text(struct inventory *inv, const struct candidate *c, struct span path, struct span text)
{
        struct node_package n;
        int r = node_package_parse(text, &inv->arena, &n);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        const char *folder = arena_strndup(&inv->arena, path.data, path.size - strlen("/package.json"));
        r = folder ? node_add(inv, &n) : -ENOMEM;
        return r < 0 ? r : inventory_own_inside(inv, c->path, folder, inventory_last(inv));
}

/* ---- Yarn's ------------------------------------------------------------------------------------------ */

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
        int r = archive_read(inv, c->path, z, entry, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return add_text(inv, c, entry->name, (struct span){text.data, text.size});
}

static int read_yarn(struct inventory *inv, const struct candidate *c)
{
        _cleanup_archive_ struct archive archive;
        int r = archive_open_zip(inv, c->path, &archive);
        if (r < 0)
                return archive_result(inv, c->path, r);
        struct zip_entry entry;
        uint64_t i = 0, found = 0;
        while (r == 0 && found <= MOST_IN_ARCHIVE && zip_next(&archive.zip, &i, &entry) > 0)
                if (is_manifest(entry.name) && ++found <= MOST_IN_ARCHIVE)
                        r = read_entry(inv, c, &archive.zip, &entry);
        if (found > MOST_IN_ARCHIVE)
                inventory_limit(inv, "%s: more than %d packages in it; the others were left out", c->path,
                                MOST_IN_ARCHIVE);
        return r;
}

/* ---- Electron's -------------------------------------------------------------------------------------- */

static int read_part(const struct zip_source *from, uint64_t at, uint64_t size, struct buf *to)
{
        char *room = size <= to->limit ? buf_reserve(to, (size_t)size) : NULL;
        if (!room)
                return to->error ? to->error : -EFBIG;
        int r = from->read(from->context, at, room, (size_t)size);
        if (r == 0)
                buf_grow(to, (size_t)size);
        return r;
}

static int find_manifests(const struct zip_source *from, struct arena *a, asar_list *to)
{
        _cleanup_buf_ struct buf head = BUF_INIT(ASAR_HEAD), tree = BUF_INIT(LARGEST_TREE);
        uint64_t size, base;
        int r = from->size < ASAR_HEAD ? -EBADMSG : read_part(from, 0, ASAR_HEAD, &head);
        if (r == 0)
                r = asar_head((struct span){head.data, head.size}, &size, &base);
        if (r == 0)
                r = base > from->size || size > from->size - ASAR_HEAD
                            ? -EBADMSG
                            : read_part(from, ASAR_HEAD, size, &tree);
        return r < 0 ? r
                     : asar_find((struct span){tree.data, tree.size}, base, from->size, "package.json", a,
                                 to);
}

static int read_electron(struct inventory *inv, const struct candidate *c)
{
        _cleanup_archive_ struct archive archive;
        _cleanup_arena_ struct arena scratch = ARENA_INIT(64 << 20);
        asar_list list = {};
        int r = archive_open(inv, c->path, &archive);
        if (r == 0)
                r = find_manifests(&archive.source, &scratch, &list);
        r = archive_result(inv, c->path, r);
        vec_each (item, &list) {
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                if (r < 0 || !node_package_installed(item->path) ||
                    read_part(&archive.source, item->offset, item->size, &text) < 0)
                        continue;
                r = add_text(inv, c, span_of(item->path), (struct span){text.data, text.size});
        }
        vec_done(&list);
        return r;
}

/* ---- both -------------------------------------------------------------------------------------------- */

static bool wants(const struct candidate *c)
{
        return str_ends(c->path, ".asar") || strstr(c->path, "/.yarn/cache/") ||
               strstr(c->path, "/.yarn/berry/cache/");
}

static int read_archive(struct inventory *inv, const struct candidate *c)
{
        return str_ends(c->path, ".asar") ? read_electron(inv, c) : read_yarn(inv, c);
}

static const char *const names[] = {"*.zip", "*.asar", NULL};

const struct reader reader_node_archive = {
        .name = "node-archive", .names = names, .wants = wants, .read = read_archive};
