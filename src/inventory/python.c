/* SPDX-License-Identifier: Apache-2.0 */

/* Installed distributions are found in the module directories that interpreters really use (hints) and in
 * the usual places. RECORD or installed-files.txt says which files are theirs. */

#include "inventory/reader.h"

#include "format/dist_info.h"
#include "format/json_tree.h"
#include "host/runtime.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

enum { MOST_RECORDS = 200000, PATH_SIZE = 4096 };

/* ---- one distribution ------------------------------------------------------------------------------- */

struct distribution {
        struct inventory *inv;
        const char *site;  /* "/usr/lib/python3/dist-packages" */
        const char *entry; /* "PyYAML-5.3.dist-info" */
        size_t index;
};

/* Copies of other packages are packages of their own (python_bundle.c): of the folder that holds them only
 * the rest belongs to who brought it. */
static int own(const struct distribution *d, const char *folder, const char *relative)
{
        static const char copies[] = "/_vendor/";
        char path[PATH_SIZE];
        if (!inventory_join(folder, relative, path, sizeof(path)))
                return 0;
        uint32_t runtime = runtime_of_file_name(path);
        d->inv->packages.items[d->index].runtimes |= runtime & (RUNTIME_NATIVE | RUNTIME_PYTHON);
        char *inner = strstr(path, copies);
        if (!inner || inner < path + strlen(d->site))
                return inventory_own(d->inv, path, d->index);
        inner[strlen(copies) - 1] = '\0';
        return inventory_own_folder(d->inv, path, d->index);
}

static int read_text(const struct distribution *d, const char *name, struct buf *to)
{
        char path[PATH_SIZE];
        if (snprintf(path, sizeof(path), "%s/%s%s%s", d->site, d->entry, *name ? "/" : "", name) >=
            (int)sizeof(path))
                return -ENAMETOOLONG;
        return inventory_read_file(d->inv, path, to);
}

static int own_record(const struct distribution *d)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE * 8);
        int r = read_text(d, "RECORD", &text);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        struct span rest = {text.data, text.size};
        char *path;
        for (size_t i = 0; i < MOST_RECORDS; i++) {
                _cleanup_arena_ struct arena scratch = ARENA_INIT(PATH_SIZE * 8);
                r = dist_info_record_next(&rest, &scratch, &path);
                if (r <= 0 || (r = own(d, d->site, path)) < 0)
                        return r;
        }
        inventory_limit(d->inv, "%s/%s: more than %d files", d->site, d->entry, MOST_RECORDS);
        return 0;
}

static int own_installed_files(const struct distribution *d)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE * 8);
        char folder[PATH_SIZE], line_text[PATH_SIZE];
        int r = read_text(d, "installed-files.txt", &text);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        if (snprintf(folder, sizeof(folder), "%s/%s", d->site, d->entry) >= (int)sizeof(folder))
                return -ENOENT;
        struct span rest = {text.data, text.size}, line;
        while (span_cut(&rest, '\n', &line)) {
                snprintf(line_text, sizeof(line_text), "%.*s", (int)MIN(line.size, sizeof(line_text) - 1),
                         line.data);
                if (*line_text && (r = own(d, folder, line_text)) < 0)
                        return r;
        }
        return 0;
}

/* A folder that is the package, metadata and all. */
static int own_egg(const struct distribution *d)
{
        char folder[PATH_SIZE];
        if (snprintf(folder, sizeof(folder), "%s/%s", d->site, d->entry) >= (int)sizeof(folder))
                return 0;
        return inventory_own_folder(d->inv, folder, d->index);
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

/* The path of "file:///srv/My%20App" (RFC 8089), in the arena; NULL: another kind, or out of memory. */
static const char *path_of_url(struct inventory *inv, const char *url)
{
        static const char scheme[] = "file://", host[] = "localhost/";
        if (!str_starts(url ? url : "", scheme))
                return NULL;
        const char *from = url + strlen(scheme);
        if (str_starts(from, host))
                from += strlen(host) - 1;
        char *path = arena_strdup(&inv->arena, from), *to = path;
        for (const char *s = from; to && *s; s++) {
                char digits[3] = "";
                if (*s == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2])) {
                        memcpy(digits, s + 1, 2);
                        *to++ = (char)strtoul(digits, NULL, 16);
                        s += 2;
                } else
                        *to++ = *s;
        }
        if (to)
                *to = '\0';
        return path;
}

/* An editable install lists only the file that points to its project (PEP 610, direct_url.json). */
static int own_project(const struct distribution *d)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = read_text(d, "direct_url.json", &text);
        if (r < 0 || json_tree_load((struct span){text.data, text.size}, 1000, &tree) < 0)
                return r == -ENOMEM ? r : 0;
        if (!json_is_true(json_object_get(json_object_get(tree, "dir_info"), "editable")))
                return 0;
        const char *folder = path_of_url(d->inv, json_tree_text(tree, "url"));
        d->inv->packages.items[d->index].elsewhere = folder != NULL;
        return folder ? inventory_own_folder(d->inv, folder, d->index) : 0;
}

static int read_distribution(struct inventory *inv, const char *site, const char *entry)
{
        struct distribution d = {.inv = inv, .site = site, .entry = entry};
        struct dist_info info;
        int r = read_metadata(&d, &info);
        if (r == -ENOMEM || r == -EISDIR || r == -ENOENT)
                return r == -ENOMEM ? r : 0; /* a folder that is only called so */
        if (r < 0) {
                inventory_limit(inv, "%s/%s: no readable name and version", site, entry);
                return 0;
        }
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        p->ecosystem = "PyPI";
        p->name = p->source = info.name;
        p->version = p->source_version = info.version;
        p->runtimes = RUNTIME_PYTHON;
        p->method = METHOD_MANIFEST;
        d.index = inventory_last(inv);
        r = own_record(&d);
        if (r == -ENOENT)
                r = own_installed_files(&d);
        if (r == -ENOENT) {
                /* Nobody says which extension modules are its own. */
                inv->packages.items[d.index].runtimes |= RUNTIME_NATIVE;
                r = str_ends(entry, ".egg") ? own_egg(&d) : 0;
        }
        return r < 0 ? r : own_project(&d);
}

/* pip moves what it replaces aside ("~equests-2.0.dist-info"); where it was stopped, that stays, and pip
 * itself does not count it (pip, metadata/base.py: iter_all_distributions). */
static bool is_aside(const char *name)
{
        return *name == '~';
}

static int read_python(struct inventory *inv, const struct candidate *c)
{
        char site[PATH_SIZE];
        size_t size = (size_t)(c->name - c->path);
        if (is_aside(c->name) || size < 2 || size > sizeof(site))
                return 0;
        memcpy(site, c->path, size - 1);
        site[size - 1] = '\0';
        return read_distribution(inv, site, c->name);
}

static const char *const names[] = {"*.dist-info/", "*.egg-info/", "*.egg-info", "*.egg/", NULL};

const struct reader reader_python = {.name = "python", .names = names, .read = read_python};
