/* SPDX-License-Identifier: Apache-2.0 */

/* Conan 1 leaves beside what it builds a text of all that went into it. Conan 2 has one folder of packages
 * for all projects, and a database that says which folder is whose (conan, conan/internal/cache/db:
 * recipes_table.py, packages_table.py); a recipe alone is nothing that is installed. Libraries of both are
 * mostly linked into programs, where nobody can tell whether they are used. */

#include "inventory/add.h"
#include "inventory/sqlite_file.h"

#include "format/manifest.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

struct cache {
        struct inventory *inv;
        const char *folder;    /* the database's */
        const char *reference; /* of the package that was added last */
        size_t count, lost;
};

/* What a program was built with. */
static int read_info(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct manifest m;
        int r = inventory_read_file(inv, c->path, &text);
        struct span rest = {text.data, text.size};
        while (r == 0 && (r = manifest_conan_next(&rest, &inv->arena, &m)) == 0)
                if (!inventory_add_named(inv, "ConanCenter", m.name, m.version, RUNTIME_UNKNOWN,
                                         METHOD_MANIFEST))
                        return -ENOMEM;
        return r == -ENOMEM ? r : 0;
}

/* "b/zlib7eea7b46179fc": below the database's folder, whatever it says. */
static bool is_inside(struct span path)
{
        struct span part;
        if (!path.size || path.size > PATH_SIZE / 2 || *path.data == '/')
                return false;
        while (span_cut(&path, '/', &part))
                if (!part.size || span_equal(part, ".") || span_equal(part, ".."))
                        return false;
        return true;
}

static int add_reference(struct cache *cache, struct span reference)
{
        struct inventory *inv = cache->inv;
        struct manifest m;
        if (cache->reference && span_equal(reference, cache->reference))
                return 0; /* another build of it */
        int r = manifest_conan_reference(reference, &inv->arena, &m);
        if (r < 0)
                return r;
        cache->reference = arena_strndup(&inv->arena, reference.data, reference.size);
        return cache->reference && inventory_add_named(inv, "ConanCenter", m.name, m.version, RUNTIME_UNKNOWN,
                                                       METHOD_DATABASE)
                       ? 0
                       : -ENOMEM;
}

static int take_row(void *context, const struct span *columns)
{
        struct cache *cache = context;
        struct inventory *inv = cache->inv;
        struct span reference = columns[0], path = columns[1];
        char folder[PATH_SIZE], info[PATH_SIZE + 16];
        if (cache->count++ >= MOST_PACKAGES || !is_inside(path) ||
            snprintf(folder, sizeof(folder), "%s/%.*s/p", cache->folder, (int)path.size, path.data) >=
                    (int)sizeof(folder)) {
                cache->lost++;
                return 0;
        }
        snprintf(info, sizeof(info), "%s/conaninfo.txt", folder);
        int fd = inventory_open(inv, info);
        if (fd < 0)
                return fd == -ENOMEM ? fd : 0; /* it was removed */
        close(fd);
        int r = add_reference(cache, reference);
        if (r == -ENOENT)
                cache->lost++;
        return r < 0 ? (r == -ENOMEM ? r : 0) : inventory_own_folder(inv, folder, inventory_last(inv));
}

static int read_cache(struct inventory *inv, const struct candidate *c)
{
        struct cache cache = {.inv = inv, .folder = inventory_folder(inv, c->path, 1)};
        _cleanup_close_ int fd = inventory_open(inv, c->path);
        if (!cache.folder)
                return -ENOMEM;
        if (fd < 0)
                return fd == -ENOMEM ? fd : 0;
        int r = sqlite_file_query(
                fd,
                "SELECT reference, path FROM main.packages WHERE prev IS NOT NULL ORDER BY reference, path",
                take_row, &cache);
        if (r < 0 && r != -ENOMEM)
                inventory_limit(inv, "%s: %s; packages may be missing", c->path, strerror(-r));
        if (cache.lost)
                inventory_limit(inv, "%s: left out for its odd name or place: %zu", c->path, cache.lost);
        return r == -ENOMEM ? r : 0;
}

static bool wants(const struct candidate *c)
{
        return !strcmp(c->name, "conaninfo.txt") || str_ends(c->path, "/p/cache.sqlite3");
}

static int read_conan(struct inventory *inv, const struct candidate *c)
{
        return str_ends(c->name, ".txt") ? read_info(inv, c) : read_cache(inv, c);
}

static const char *const names[] = {"conaninfo.txt", "cache.sqlite3", NULL};

const struct reader reader_conan = {
        .name = "Conan", .names = names, .wants = wants, .read = read_conan, .skip_owned = true};
