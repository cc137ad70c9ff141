/* SPDX-License-Identifier: Apache-2.0 */
/* The host itself reads deps.json to find assemblies, so what it lists is what can be loaded. A package for
 * which no target names a file (a tool of the build, a meta package, something that the framework has itself)
 * left nothing behind: it is not there. */
#include "format/dotnet_deps.h"

#include "format/json_tree.h"

#include <errno.h>

enum { MOST_VALUES = 1000 * 1000, MOST_LIBRARIES = 20000, MOST_FILES = 100 * 1000, LONGEST = 512 };

void dotnet_deps_done(struct dotnet_deps *d)
{
        vec_done(&d->libraries);
        vec_done(&d->files);
}

static bool is_key(const char *s)
{
        size_t size = strlen(s);
        for (size_t i = 0; i < size; i++)
                if ((unsigned char)s[i] < 0x21 || s[i] == 0x7f)
                        return false;
        return size && size <= LONGEST;
}

/* "Newtonsoft.Json/13.0.1" */
static int add_library(struct dotnet_deps *to, struct arena *a, const char *key, bool package)
{
        const char *slash = strchr(key, '/');
        if (!is_key(key) || !slash || slash == key || !slash[1] || to->libraries.count >= MOST_LIBRARIES)
                return 0;
        struct dotnet_library *l = vec_add(&to->libraries);
        const char *name = arena_strndup(a, key, (size_t)(slash - key)),
                   *version = arena_strdup(a, slash + 1);
        if (!l || !name || !version)
                return -ENOMEM;
        *l = (struct dotnet_library){name, version, package};
        return 0;
}

static int add_files(struct dotnet_deps *to, struct arena *a, const char *key, const json_t *group)
{
        const char *slash = strchr(key, '/'), *path, *name = NULL;
        json_t *unused;
        if (!is_key(key) || !slash)
                return 0;
        json_object_foreach((json_t *)(uintptr_t)group, path, unused)
        {
                if (!is_key(path) || to->files.count >= MOST_FILES)
                        continue;
                if (!name && !(name = arena_strndup(a, key, (size_t)(slash - key))))
                        return -ENOMEM;
                struct dotnet_file *f = vec_add(&to->files);
                const char *copy = arena_strdup(a, path);
                if (!f || !copy)
                        return -ENOMEM;
                *f = (struct dotnet_file){name, copy};
        }
        return 0;
}

static const char *const groups[] = {"runtime", "native", "resources", "runtimeTargets"};

static bool has_files(const json_t *targets, const char *library)
{
        const char *unused;
        json_t *target;
        json_object_foreach(
                (json_t *)(uintptr_t)targets, unused,
                target) for (size_t i = 0; i < ARRAY_SIZE(groups);
                             i++) if (json_object_size(json_object_get(json_object_get(target, library),
                                                                       groups[i]))) return true;
        return !json_object_size(targets);
}

int dotnet_deps_parse(struct span json, struct arena *a, struct dotnet_deps *to)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = json_tree_load(json, MOST_VALUES, &tree);
        if (r < 0)
                return r;
        json_t *libraries = json_object_get(tree, "libraries"), *targets = json_object_get(tree, "targets");
        json_t *value, *item;
        const char *key, *library;
        if (!json_is_object(libraries))
                return -EBADMSG;
        json_object_foreach(libraries, key, value)
        {
                const char *type = json_tree_text(value, "type");
                bool package = str_equal(type, "package") || str_equal(type, "runtimepack");
                if ((!package || has_files(targets, key)) && (r = add_library(to, a, key, package)) < 0)
                        return r;
        }
        json_object_foreach(targets, key, value) json_object_foreach(
                value, library,
                item) for (size_t i = 0; i < ARRAY_SIZE(groups);
                           i++) if ((r = add_files(to, a, library, json_object_get(item, groups[i]))) <
                                    0) return r;
        return 0;
}

/* ---- single-file bundles ------------------------------------------------------------------------------ */

/* SHA-256 of ".net core bundle", in the host's data; the 8 bytes before it hold the manifest's offset
 * (dotnet/runtime, src/native/corehost/apphost/bundle_marker.cpp). */
static const uint8_t marker[32] = {
        0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32,
        0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae,
};

int dotnet_bundle_find(struct span bytes, struct span data, struct span *ret_deps)
{
        const char *at = data.size ? memmem(data.data, data.size, marker, sizeof(marker)) : NULL;
        uint64_t header, major, id, offset, size;
        if (!at || at - data.data < 8 || !span_number(bytes, (uint64_t)(at - bytes.data) - 8, 8, &header) ||
            !header)
                return -ENOENT;
        /* major, minor, number of files, then the bundle's id with its length in one byte (of two kinds of
         * id none is longer than 127), then from version 2 on the place of deps.json. */
        if (!span_number(bytes, header, 4, &major) || major < 2 || major > 100 ||
            !span_number(bytes, header + 12, 1, &id) || id > 127 ||
            !span_number(bytes, header + 13 + id, 8, &offset) ||
            !span_number(bytes, header + 21 + id, 8, &size))
                return -ENOENT;
        if (!size || offset > bytes.size || size > bytes.size - offset)
                return -ENOENT;
        *ret_deps = (struct span){bytes.data + offset, (size_t)size};
        return 0;
}
