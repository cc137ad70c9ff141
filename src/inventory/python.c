/* SPDX-License-Identifier: Apache-2.0 */

/* Installed distributions are found in the module directories that interpreters really use (hints) and in
 * the usual places. RECORD or installed-files.txt says which files are theirs. */

#include "inventory/source.h"

#include "base/file.h"
#include "format/dist_info.h"
#include "host/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>

enum { MOST_ENTRIES = 20000, MOST_RECORDS = 200000, PATH_SIZE = 4096 };

/* ---- one distribution ------------------------------------------------------------------------------- */

struct distribution {
        struct inventory *inv;
        const char *site;  /* "/usr/lib/python3/dist-packages" */
        const char *entry; /* "PyYAML-5.3.dist-info" */
        size_t index;
};

/* "site" and "../../../bin/x" without the dots, or NULL when it leaves the root or is too long. */
static char *resolve(const char *folder, const char *relative, struct arena *a)
{
        char path[PATH_SIZE];
        size_t size = 0;
        const char *const parts[] = {*relative == '/' ? "" : folder, relative};
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                struct span rest = span_of(parts[i]), name;
                while (span_cut(&rest, '/', &name)) {
                        if (!name.size || span_equal(name, "."))
                                continue;
                        if (span_equal(name, "..")) {
                                while (size && path[--size] != '/')
                                        ;
                                continue;
                        }
                        if (size + name.size + 2 > sizeof(path))
                                return NULL;
                        path[size++] = '/';
                        memcpy(path + size, name.data, name.size);
                        size += name.size;
                }
        }
        return size ? arena_strndup(a, path, size) : NULL;
}

static int own(const struct distribution *d, const char *folder, const char *relative)
{
        const char *path = resolve(folder, relative, &d->inv->arena);
        if (!path)
                return 0;
        uint32_t runtime = runtime_of_file_name(path);
        d->inv->packages.items[d->index].runtimes |= runtime & (RUNTIME_NATIVE | RUNTIME_PYTHON);
        return inventory_own(d->inv, path, d->index);
}

static int read_text(const struct distribution *d, const char *name, struct buf *to)
{
        char path[PATH_SIZE];
        if (snprintf(path, sizeof(path), "%s/%s%s%s", d->site, d->entry, *name ? "/" : "", name) >=
            (int)sizeof(path))
                return -ENAMETOOLONG;
        return file_read_in(d->inv->root_fd, path, to);
}

static int own_record(const struct distribution *d)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE * 8);
        int r = read_text(d, "RECORD", &text);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        struct span rest = {text.data, text.size};
        char *path;
        for (size_t i = 0; i < MOST_RECORDS && (r = dist_info_record_next(&rest, &d->inv->arena, &path)) > 0;
             i++)
                if ((r = own(d, d->site, path)) < 0)
                        return r;
        return r < 0 ? r : 0;
}

static int own_installed_files(const struct distribution *d)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE * 8);
        char folder[PATH_SIZE], line_text[PATH_SIZE];
        int r = read_text(d, "installed-files.txt", &text);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        snprintf(folder, sizeof(folder), "%s/%s", d->site, d->entry);
        struct span rest = {text.data, text.size}, line;
        while (span_cut(&rest, '\n', &line)) {
                snprintf(line_text, sizeof(line_text), "%.*s", (int)MIN(line.size, sizeof(line_text) - 1),
                         line.data);
                if (*line_text && (r = own(d, folder, line_text)) < 0)
                        return r;
        }
        return 0;
}

static int read_metadata(const struct distribution *d, struct dist_info *ret)
{
        static const char *const names[] = {"METADATA", "PKG-INFO", "EGG-INFO/PKG-INFO", ""};
        int r = -ENOENT;
        for (size_t i = 0; i < ARRAY_SIZE(names) && (r == -ENOENT || r == -ENOTDIR || r == -EISDIR); i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                r = read_text(d, names[i], &text);
                if (r == 0)
                        r = dist_info_parse((struct span){text.data, text.size}, &d->inv->arena, ret);
        }
        return r;
}

/* A distribution whose metadata belongs to the OS is the OS package itself. */
static bool is_owned_by_os(const struct distribution *d)
{
        static const char *const names[] = {"", "/METADATA", "/PKG-INFO"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char path[PATH_SIZE];
                snprintf(path, sizeof(path), "%s/%s%s", d->site, d->entry, names[i]);
                const struct package *p = inventory_owner(d->inv, path);
                if (p && strcmp(p->ecosystem, "PyPI") != 0)
                        return true;
        }
        return false;
}

static int read_distribution(struct inventory *inv, const char *site, const char *entry)
{
        struct distribution d = {.inv = inv, .site = site, .entry = entry};
        struct dist_info info;
        if (is_owned_by_os(&d))
                return 0;
        int r = read_metadata(&d, &info);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                inventory_limit(inv, "%s/%s: no readable name and version", site, entry);
                return 0;
        }
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        *p = (struct package){.root = inv->root_id,
                              .ecosystem = "PyPI",
                              .name = info.name,
                              .version = info.version,
                              .source = info.name,
                              .source_version = info.version,
                              .runtimes = RUNTIME_PYTHON,
                              .path = arena_printf(&inv->arena, "%s/%s", site, entry)};
        if (!p->path)
                return -ENOMEM;
        d.index = inv->packages.count - 1;
        r = own_record(&d);
        if (r == -ENOENT)
                r = own_installed_files(&d);
        if (r == -ENOENT) {
                /* Nobody says which extension modules are its own. */
                inv->packages.items[d.index].runtimes |= RUNTIME_NATIVE;
                r = 0;
        }
        return r;
}

/* ---- module directories ----------------------------------------------------------------------------- */

static bool is_distribution(const char *name)
{
        return str_ends(name, ".dist-info") || str_ends(name, ".egg-info") || str_ends(name, ".egg");
}

static int read_site(struct inventory *inv, struct map *seen, const char *site)
{
        if (map_get_str(seen, site))
                return 0;
        const char *kept = arena_strdup(&inv->arena, site);
        if (!kept || map_put_str(seen, kept, inv) < 0)
                return -ENOMEM;
        int fd = file_open_dir_in(inv->root_fd, site);
        if (fd < 0)
                return 0;
        DIR *folder = fdopendir(fd);
        if (!folder) {
                close(fd);
                return -ENOMEM;
        }
        int r = 0;
        size_t count = 0;
        for (struct dirent *d; r == 0 && (d = readdir(folder));) {
                if (!is_distribution(d->d_name))
                        continue;
                if (++count > MOST_ENTRIES) {
                        inventory_limit(inv, "%s: more than %d distributions", site, MOST_ENTRIES);
                        break;
                }
                r = read_distribution(inv, kept, d->d_name);
        }
        closedir(folder);
        return r;
}

/* "/usr/local/lib" has "python3.11", which has "site-packages" or "dist-packages". */
static int read_library(struct inventory *inv, struct map *seen, const char *library)
{
        static const char *const kinds[] = {"site-packages", "dist-packages"};
        int fd = file_open_dir_in(inv->root_fd, library);
        if (fd < 0)
                return 0;
        DIR *folder = fdopendir(fd);
        if (!folder) {
                close(fd);
                return -ENOMEM;
        }
        int r = 0;
        for (struct dirent *d; r == 0 && (d = readdir(folder));) {
                if (fnmatch("python[23]*", d->d_name, 0) != 0)
                        continue;
                for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++) {
                        char site[PATH_SIZE];
                        snprintf(site, sizeof(site), "%s/%.100s/%s", library, d->d_name, kinds[i]);
                        r = read_site(inv, seen, site);
                }
        }
        closedir(folder);
        return r;
}

int inventory_read_python(struct inventory *inv)
{
        static const char *const libraries[] = {"/usr/lib", "/usr/lib64", "/usr/local/lib",
                                                "/usr/local/lib64"};
        _cleanup_map_ struct map seen = {};
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(libraries); i++)
                r = read_library(inv, &seen, libraries[i]);
        for (size_t i = 0; r == 0 && i < inv->hints.python_path_count; i++)
                if (inv->hints.python_paths[i][0] == '/')
                        r = read_site(inv, &seen, inv->hints.python_paths[i]);
        return r;
}
