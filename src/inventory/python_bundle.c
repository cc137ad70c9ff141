/* SPDX-License-Identifier: Apache-2.0 */

/* Python packages that no installer's folder tells of: copies inside of other packages (pip, setuptools,
 * bleach), eggs and applications that are one archive, projects that are linked to instead of installed, and
 * what conda installed. */

#include "inventory/add.h"
#include "inventory/archive.h"

#include "format/dist_info.h"
#include "format/json_tree.h"
#include "host/runtime.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

enum { PATH_SIZE = 4096, MOST_ENTRIES = 200000, MOST_VALUES = 200000, MOST_LINES = 500, SAYS_ITSELF = 90 };

/* ---- vendored copies -------------------------------------------------------------------------------- */

/* "requests==2.31.0  # remark" or "    certifi==2023.7.22": name and version. */
static bool split_pin(struct span line, struct span *ret_name, struct span *ret_version)
{
        size_t end = 0;
        line = span_trim(line);
        const char *equal = memmem(line.data ? line.data : "", line.size, "==", 2);
        if (!equal || line.data[0] == '#' || line.data[0] == '-')
                return false;
        struct span name = {line.data, (size_t)(equal - line.data)};
        struct span version = {equal + 2, line.size - name.size - 2};
        while (end < version.size &&
               (isalnum((unsigned char)version.data[end]) || strchr(".+!-_", version.data[end])))
                end++;
        const char *extra = memchr(name.data, '[', name.size); /* "urllib3[secure]" */
        *ret_name = span_trim((struct span){name.data, extra ? (size_t)(extra - name.data) : name.size});
        *ret_version = (struct span){version.data, end};
        return ret_name->size && end;
}

/* Where the copy's modules lie: by the name of the distribution, and the few that are called otherwise. */
static int own_copy(struct inventory *inv, const char *folder, const char *name)
{
        static const struct {
                const char *name, *module;
        } other[] = {{"cachecontrol", "cachecontrol"},
                     {"pyyaml", "yaml"},
                     {"msgpack-python", "msgpack"},
                     {"typing-extensions", "typing_extensions"}};
        char module[256], path[PATH_SIZE];
        size_t size = 0;
        for (const char *s = name; *s && size + 1 < sizeof(module); s++)
                module[size++] = *s == '-' ? '_' : *s;
        module[size] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(other); i++)
                if (!strcmp(other[i].name, name))
                        snprintf(module, sizeof(module), "%s", other[i].module);
        if (snprintf(path, sizeof(path), "%s/%s", folder, module) >= (int)sizeof(path) - 4)
                return 0;
        int r = inventory_own_folder(inv, path, inventory_last(inv));
        strcat(path, ".py");
        return r < 0 ? r : inventory_own(inv, path, inventory_last(inv));
}

static int read_vendored(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        int r = inventory_read_file(inv, c->path, &text);
        const char *folder = inventory_folder(inv, c->path, 1);
        if (r < 0 || !folder)
                return r == -ENOMEM || !folder ? -ENOMEM : 0;
        struct span rest = {text.data, text.size}, line, name, version;
        r = 0;
        for (size_t i = 0; r == 0 && i < MOST_LINES && span_cut(&rest, '\n', &line); i++) {
                if (!split_pin(line, &name, &version))
                        continue;
                const char *normal = dist_info_normalise(name, &inv->arena);
                const char *number = arena_strndup(&inv->arena, version.data, version.size);
                if (!normal || !number ||
                    !inventory_add_named(inv, "PyPI", normal, number, RUNTIME_PYTHON, METHOD_MANIFEST))
                        return -ENOMEM;
                r = own_copy(inv, folder, normal);
        }
        return r;
}

/* Where there is no such list, packages that say their version themselves: `__version__ = "23.1"`. */
static bool own_version(struct span text, struct span *ret)
{
        struct span line;
        while (span_cut(&text, '\n', &line)) {
                if (!span_starts(line, "__version__"))
                        continue;
                const char *equal = memchr(line.data, '=', line.size);
                if (!equal)
                        continue;
                struct span value =
                        span_trim((struct span){equal + 1, (size_t)(line.data + line.size - equal - 1)});
                const char *end = value.size > 2 && strchr("'\"", value.data[0])
                                          ? memchr(value.data + 1, value.data[0], value.size - 1)
                                          : NULL;
                if (!end || end == value.data + 1)
                        return false;
                *ret = (struct span){value.data + 1, (size_t)(end - value.data - 1)};
                return true;
        }
        return false;
}

static int has_list(void *context, struct inventory *inv, const char *name)
{
        (void)context;
        (void)inv;
        return !strcmp(name, "vendor.txt") || !strcmp(name, "vendored.txt") || str_ends(name, ".dist-info");
}

static int take_copy(void *context, struct inventory *inv, const char *name)
{
        static const char *const files[] = {"__init__.py", "__about__.py"};
        const char *folder = context;
        struct span version = {};
        for (size_t i = 0; !version.size && !strchr(name, '.') && i < ARRAY_SIZE(files); i++) {
                char path[PATH_SIZE];
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                if (snprintf(path, sizeof(path), "%s/%s/%s", folder, name, files[i]) >= (int)sizeof(path))
                        return 0;
                int r = inventory_read_file(inv, path, &text);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !own_version((struct span){text.data, text.size}, &version) ||
                    version.size > 100)
                        continue;
                const char *normal = dist_info_normalise(span_of(name), &inv->arena);
                const char *number = arena_strndup(&inv->arena, version.data, version.size);
                struct package *p = !normal || !number ? NULL
                                                       : inventory_add_named(inv, "PyPI", normal, number,
                                                                             RUNTIME_PYTHON, METHOD_STRINGS);
                if (!p)
                        return -ENOMEM;
                p->confidence = SAYS_ITSELF;
                p->path = arena_strdup(&inv->arena, path);
                p->detail = "__version__";
                return p->path ? own_copy(inv, folder, normal) : -ENOMEM;
        }
        return 0;
}

static int read_copies(struct inventory *inv, const struct candidate *c)
{
        int r = inventory_list(inv, c->path, has_list, NULL);
        if (r == 0)
                r = inventory_list(inv, c->path, take_copy, (void *)c->path);
        return r == -ENOMEM ? r : 0;
}

/* ---- archives --------------------------------------------------------------------------------------- */

/* "site-packages/x-1.dist-info/METADATA" → "site-packages/", "x-1.dist-info"; "EGG-INFO/PKG-INFO" → "", "" */
static bool is_metadata(struct span name, size_t *ret_prefix)
{
        static const char *const endings[] = {".dist-info/METADATA", ".egg-info/PKG-INFO",
                                              "EGG-INFO/PKG-INFO"};
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (span_ends(name, endings[i])) {
                        size_t at = name.size - (i == 2 ? strlen(endings[i]) : strlen("/METADATA"));
                        while (at && name.data[at - 1] != '/')
                                at--;
                        *ret_prefix = at;
                        return true;
                }
        return false;
}

/* RECORD beside it: the first part of each path is a module or a package of modules. */
static int own_record(struct inventory *inv, const struct candidate *c, const struct zip *z,
                      struct span prefix, struct span text)
{
        char last[256] = "", path[PATH_SIZE], *entry;
        (void)z;
        for (size_t i = 0; i < MOST_ENTRIES; i++) {
                _cleanup_arena_ struct arena scratch = ARENA_INIT(PATH_SIZE * 8);
                int r = dist_info_record_next(&text, &scratch, &entry);
                if (r <= 0)
                        return r;
                size_t size = strcspn(entry, "/");
                if (!size || size >= sizeof(last) || entry[0] == '.' ||
                    (!strncmp(last, entry, size) && !last[size]))
                        continue;
                memcpy(last, entry, size);
                last[size] = '\0';
                snprintf(path, sizeof(path), "%.*s%s", (int)MIN(prefix.size, (size_t)2000), prefix.data,
                         last);
                r = inventory_own_inside(inv, c->path, path, inventory_last(inv));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int find_record(struct inventory *inv, const struct candidate *c, const struct zip *z,
                       struct span metadata, size_t prefix)
{
        char wanted[PATH_SIZE];
        struct zip_entry e;
        uint64_t at = 0;
        const char *slash = memrchr(metadata.data, '/', metadata.size);
        int size = slash ? snprintf(wanted, sizeof(wanted), "%.*s/RECORD", (int)(slash - metadata.data),
                                    metadata.data)
                         : 0;
        if (size <= 0 || size >= (int)sizeof(wanted))
                return 0;
        while (zip_next(z, &at, &e) == 1) {
                if (!span_equal(e.name, wanted))
                        continue;
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                int r = archive_read(inv, c->path, z, &e, &text);
                if (r < 0)
                        return r == -ENOMEM ? r : 0;
                return own_record(inv, c, z, (struct span){metadata.data, prefix},
                                  (struct span){text.data, text.size});
        }
        /* An egg is one package. */
        return prefix ? 0 : inventory_own_inside(inv, c->path, "", inventory_last(inv));
}

static int read_zip(struct inventory *inv, const struct candidate *c)
{
        _cleanup_archive_ struct archive archive;
        const struct zip *z = &archive.zip;
        int r = archive_open_zip(inv, c->path, &archive);
        struct zip_entry e;
        uint64_t at = 0, count = 0;
        while (r == 0 && zip_next(z, &at, &e) == 1) {
                if (++count > MOST_ENTRIES) {
                        inventory_limit(inv, "%s: more than %d files in it; the others were left out",
                                        c->path, MOST_ENTRIES);
                        break;
                }
                size_t prefix;
                struct dist_info info;
                if (!is_metadata(e.name, &prefix))
                        continue;
                _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
                int parsed = 0;
                if ((r = archive_read(inv, c->path, z, &e, &text)) == 0)
                        parsed = dist_info_parse((struct span){text.data, text.size}, &inv->arena, &info);
                if (r == -ENOMEM || parsed == -ENOMEM)
                        return -ENOMEM;
                if (parsed < 0)
                        inventory_limit(inv, "%s: %.*s: %s", c->path, (int)MIN(e.name.size, (size_t)200),
                                        e.name.data, strerror(-parsed));
                if (r < 0 || parsed < 0) {
                        r = 0;
                        continue;
                }
                if (!inventory_add_named(inv, "PyPI", info.name, info.version, RUNTIME_PYTHON,
                                         METHOD_MANIFEST))
                        return -ENOMEM;
                r = find_record(inv, c, z, e.name, prefix);
        }
        return archive_result(inv, c->path, r);
}

/* ---- links ------------------------------------------------------------------------------------------ */

struct project {
        const char *folder;
        bool found;
};

static int take_project(void *context, struct inventory *inv, const char *name)
{
        struct project *p = context;
        char path[PATH_SIZE];
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        struct dist_info info;
        if (!str_ends(name, ".egg-info"))
                return 0;
        if (snprintf(path, sizeof(path), "%s/%s/PKG-INFO", p->folder, name) >= (int)sizeof(path))
                return 0;
        int r = inventory_read_file(inv, path, &text);
        if (r == 0)
                r = dist_info_parse((struct span){text.data, text.size}, &inv->arena, &info);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!inventory_add_named(inv, "PyPI", info.name, info.version, RUNTIME_PYTHON, METHOD_MANIFEST))
                return -ENOMEM;
        r = inventory_own_folder(inv, p->folder, inventory_last(inv));
        return r < 0 ? r : 1;
}

/* setuptools' develop: the first line is the folder of the project. */
static int read_link(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(PATH_SIZE);
        char folder[PATH_SIZE], line[PATH_SIZE];
        struct span rest, first;
        int r = inventory_read_file(inv, c->path, &text);
        rest = (struct span){text.data, text.size};
        if (r < 0 || !span_cut(&rest, '\n', &first))
                return r == -ENOMEM ? r : 0;
        const char *site = inventory_folder(inv, c->path, 1);
        if (!site)
                return -ENOMEM;
        first = span_trim(first);
        snprintf(line, sizeof(line), "%.*s", (int)MIN(first.size, sizeof(line) - 1), first.data);
        if (!inventory_join(site, line, folder, sizeof(folder)))
                return 0;
        struct project project = {.folder = folder};
        r = inventory_list(inv, folder, take_project, &project);
        return r == -ENOMEM ? r : 0;
}

/* ---- conda ------------------------------------------------------------------------------------------ */

/* Their folders belong to the packages of a language that lie in them. */
static bool is_of_language(const char *path)
{
        return strstr(path, "/node_modules/") || strstr(path, "/gems/");
}

/* conda-meta/NAME-VERSION-BUILD.json lists the files below the prefix. */
static int read_conda(struct inventory *inv, const struct candidate *c)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE * 4);
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = inventory_read_file(inv, c->path, &text);
        if (r == 0)
                r = json_tree_load((struct span){text.data, text.size}, MOST_VALUES, &tree);
        const char *name = r == 0 ? json_tree_text(tree, "name") : NULL;
        const char *version = name ? json_tree_text(tree, "version") : NULL;
        if (!version)
                return r == -ENOMEM ? r : 0;
        const char *prefix = inventory_folder(inv, c->path, 2);
        struct package *p = inventory_add_named(inv, "conda", arena_strdup(&inv->arena, name),
                                                arena_strdup(&inv->arena, version), 0, METHOD_DATABASE);
        if (!p || !prefix)
                return -ENOMEM;
        p->not_evaluated = "no public advisories for its registry";
        size_t i, index = inventory_last(inv);
        json_t *file;
        json_array_foreach(json_object_get(tree, "files"), i, file)
        {
                char path[PATH_SIZE];
                const char *relative = json_string_value(file);
                if (!relative || !inventory_join(prefix, relative, path, sizeof(path)))
                        continue;
                inv->packages.items[index].runtimes |= runtime_of_file_name(path);
                if (!is_of_language(path) && (r = inventory_own(inv, path, index)) < 0)
                        return r;
        }
        return 0;
}

/* ---- the reader ------------------------------------------------------------------------------------- */

static bool wants(const struct candidate *c)
{
        if (str_ends(c->name, ".json"))
                return strstr(c->path, "/conda-meta/") != NULL;
        if (str_ends(c->name, ".txt"))
                return strstr(c->path, "/_vendor/") != NULL;
        return true;
}

static int read_bundle(struct inventory *inv, const struct candidate *c)
{
        if (c->folder)
                return str_equal(c->name, "_vendor") ? read_copies(inv, c) : 0;
        return str_ends(c->name, ".json")       ? read_conda(inv, c)
               : str_ends(c->name, ".txt")      ? read_vendored(inv, c)
               : str_ends(c->name, ".egg-link") ? read_link(inv, c)
                                                : read_zip(inv, c);
}

static const char *const names[] = {"_vendor/", "vendor.txt", "vendored.txt", "*.egg-link",
                                    "*.egg",    "*.pyz",      "*.json",       NULL};

const struct reader reader_python_bundle = {
        .name = "python copies", .names = names, .wants = wants, .read = read_bundle};
