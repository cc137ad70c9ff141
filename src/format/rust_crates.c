/* SPDX-License-Identifier: Apache-2.0 */
/* A crate's name may hold '-' and digits, its version begins behind the last '-' that a number follows and
 * that makes the rest a version of three numbers. */
#include "format/rust_crates.h"

#include "base/buf.h"
#include "base/map.h"
#include "format/json_tree.h"

#include <ctype.h>
#include <errno.h>
#include <zlib.h>

enum {
        MOST_JSON = 16 << 20,
        MOST_VALUES = 500 * 1000,
        MOST_CRATES = 20000,
        LONGEST = 128,
        CHUNK = 64 * 1024
};

static int inflate_all(struct span from, struct buf *to)
{
        z_stream z = {.next_in = (Bytef *)(uintptr_t)from.data,
                      .avail_in = (uInt)MIN(from.size, (size_t)UINT32_MAX)};
        if (inflateInit(&z) != Z_OK)
                return -ENOMEM;
        int status = Z_OK;
        while (status == Z_OK) {
                char *at = buf_reserve(to, CHUNK);
                if (!at)
                        break;
                z.next_out = (Bytef *)at;
                z.avail_out = CHUNK;
                status = inflate(&z, Z_NO_FLUSH);
                buf_grow(to, CHUNK - z.avail_out);
                if (status == Z_OK && !z.avail_in && z.avail_out)
                        status = Z_DATA_ERROR;
        }
        inflateEnd(&z);
        return status == Z_STREAM_END  ? 0
               : to->error             ? to->error
               : status == Z_MEM_ERROR ? -ENOMEM
                                       : -EBADMSG;
}

static bool is_crate_name(struct span s)
{
        if (!s.size || s.size > LONGEST || !isalpha((unsigned char)*s.data))
                return false;
        for (size_t i = 0; i < s.size; i++)
                if (!isalnum((unsigned char)s.data[i]) && s.data[i] != '-' && s.data[i] != '_')
                        return false;
        return true;
}

/* Semantic Versioning 2.0: three numbers, then perhaps "-rc.1" or "+build". */
static bool is_semver(struct span s)
{
        size_t numbers = 0, i = 0;
        while (i < s.size && numbers < 3) {
                size_t from = i;
                while (i < s.size && isdigit((unsigned char)s.data[i]))
                        i++;
                if (i == from)
                        return false;
                numbers++;
                if (numbers < 3 && (i == s.size || s.data[i++] != '.'))
                        return false;
        }
        if (numbers < 3 || s.size > LONGEST)
                return false;
        if (i < s.size && s.data[i] != '-' && s.data[i] != '+')
                return false;
        for (; i < s.size; i++)
                if (!isalnum((unsigned char)s.data[i]) && !strchr("-+.", s.data[i]))
                        return false;
        return true;
}

static int add(rust_crate_list *to, struct arena *a, struct span name, struct span version,
               const struct rust_crate *like)
{
        struct rust_crate *c = vec_add(to);
        const char *n = arena_strndup(a, name.data, name.size);
        const char *v = arena_strndup(a, version.data, version.size);
        if (!c || !n || !v)
                return -ENOMEM;
        *c = *like;
        c->name = n;
        c->version = v;
        return 0;
}

int rust_audit_parse(struct span section, struct arena *a, rust_crate_list *to)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MOST_JSON);
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = inflate_all(section, &text);
        if (r == 0)
                r = json_tree_load((struct span){text.data, text.size}, MOST_VALUES, &tree);
        if (r < 0)
                return r;
        const json_t *list = json_object_get(tree, "packages");
        if (!json_is_array(list))
                return -EBADMSG;
        for (size_t i = 0; r == 0 && i < json_array_size(list) && i < MOST_CRATES; i++) {
                const json_t *item = json_array_get(list, i);
                struct span name = span_of(json_tree_text(item, "name")),
                            version = span_of(json_tree_text(item, "version"));
                const char *kind = json_tree_text(item, "kind"), *source = json_tree_text(item, "source");
                if (!is_crate_name(name) || !is_semver(version) || str_equal(kind, "build") ||
                    str_equal(kind, "dev"))
                        continue;
                struct rust_crate like = {
                        .registry = str_equal(source, "crates.io") || str_equal(source, "registry"),
                        .root = json_is_true(json_object_get(item, "root")),
                };
                r = add(to, a, name, version, &like);
        }
        return r;
}

/* ---- paths ------------------------------------------------------------------------------------------- */

static bool split_folder(struct span folder, struct span *ret_name, struct span *ret_version)
{
        for (size_t i = folder.size; i-- > 1;) {
                if (folder.data[i] != '-' || i + 1 >= folder.size ||
                    !isdigit((unsigned char)folder.data[i + 1]))
                        continue;
                struct span name = {folder.data, i}, version = {folder.data + i + 1, folder.size - i - 1};
                if (!is_semver(version) || !is_crate_name(name))
                        continue;
                *ret_name = name;
                *ret_version = version;
                return true;
        }
        return false;
}

static bool cut_folder(struct span *rest, struct span *ret)
{
        size_t i = 0;
        while (i < rest->size && i < LONGEST * 2 && rest->data[i] != '/' &&
               (unsigned char)rest->data[i] > 0x20)
                i++;
        if (!i || i == rest->size || rest->data[i] != '/')
                return false;
        *ret = (struct span){rest->data, i};
        *rest = (struct span){rest->data + i + 1, rest->size - i - 1};
        return true;
}

int rust_paths_find(struct span data, struct arena *a, rust_crate_list *to)
{
        static const struct {
                const char *marker;
                int skip; /* folders between it and the crate's */
        } places[] = {{"/registry/src/", 1}, {"/cargo/registry/", 0}};
        _cleanup_map_ struct map known = {};
        for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
                const char *marker = places[p].marker;
                struct span rest = data;
                for (const char *at;
                     rest.size && (at = memmem(rest.data, rest.size, marker, strlen(marker)));) {
                        uint64_t offset = (uint64_t)(at - data.data);
                        at += strlen(marker);
                        rest = (struct span){at, rest.size - (size_t)(at - rest.data)};
                        struct span inner = rest, folder = {}, name, version;
                        bool ok = true;
                        for (int i = 0; ok && i <= places[p].skip; i++)
                                ok = cut_folder(&inner, &folder);
                        if (!ok || !split_folder(folder, &name, &version) ||
                            map_get(&known, folder.data, folder.size) || to->count >= MOST_CRATES)
                                continue;
                        struct rust_crate like = {.registry = true, .at = offset};
                        if (map_put(&known, folder.data, folder.size, (void *)(uintptr_t)1) < 0)
                                return -ENOMEM;
                        int r = add(to, a, name, version, &like);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
