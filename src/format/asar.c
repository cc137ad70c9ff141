/* SPDX-License-Identifier: Apache-2.0 */
/* The tree says where a file lies, and may say anything: places are checked against the archive's size, names
 * that would lead out of their folder are skipped. */
#include "format/asar.h"

#include "base/buf.h"
#include "format/json_tree.h"

#include <errno.h>

enum { MOST_VALUES = 2000 * 1000, MOST_FILES = 20000, DEPTH = 64, LONGEST_PATH = 4096 };

struct search {
        uint64_t base, file_size;
        const char *name;
        struct arena *arena;
        asar_list *to;
        struct buf path;
};

static uint32_t get(const char *at)
{
        const uint8_t *b = (const uint8_t *)at;
        return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

int asar_head(struct span head, uint64_t *ret_json_size, uint64_t *ret_base)
{
        if (head.size < ASAR_HEAD || get(head.data) != 4)
                return -EBADMSG;
        uint64_t pickle = get(head.data + 4), payload = get(head.data + 8), text = get(head.data + 12);
        if (pickle < 8 || payload > pickle - 4 || payload < 4 || text > payload - 4)
                return -EBADMSG;
        *ret_json_size = text;
        *ret_base = 8 + pickle;
        return 0;
}

static bool is_name(const char *name)
{
        return *name && strcmp(name, ".") && strcmp(name, "..") && !strchr(name, '/');
}

/* Offsets are texts, because they may be greater than what JavaScript counts exactly. */
static int add(struct search *s, const json_t *node)
{
        uint64_t offset;
        const json_t *size = json_object_get(node, "size");
        const char *text = json_tree_text(node, "offset");
        if (!text || str_to_u64(text, 10, &offset) < 0 || !json_is_integer(size) ||
            json_integer_value(size) < 0)
                return 0;
        struct asar_file file = {.size = (uint64_t)json_integer_value(size)};
        if (s->base > s->file_size || offset > s->file_size - s->base ||
            file.size > s->file_size - s->base - offset || s->to->count >= MOST_FILES)
                return 0;
        file.offset = s->base + offset;
        file.path = arena_strndup(s->arena, s->path.data, s->path.size);
        struct asar_file *slot = file.path ? vec_add(s->to) : NULL;
        if (!slot)
                return -ENOMEM;
        *slot = file;
        return 0;
}

static int find(struct search *s, const json_t *folder, int depth)
{
        json_t *files = json_object_get(folder, "files"), *node;
        const char *name;
        int r = 0;
        if (depth > DEPTH)
                return 0;
        json_object_foreach(files, name, node)
        {
                size_t before = s->path.size;
                if (!is_name(name) || before + strlen(name) >= LONGEST_PATH)
                        continue;
                buf_add_char(&s->path, '/');
                buf_add_str(&s->path, name);
                r = s->path.error;
                if (r == 0 && json_object_get(node, "files"))
                        r = find(s, node, depth + 1);
                else if (r == 0 && !strcmp(name, s->name))
                        r = add(s, node);
                s->path.size = before;
                if (r < 0)
                        return r;
        }
        return 0;
}

int asar_find(struct span json, uint64_t base, uint64_t file_size, const char *name, struct arena *a,
              asar_list *to)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        int r = json_tree_load(json, MOST_VALUES, &tree);
        if (r < 0)
                return r;
        struct search s = {.base = base,
                           .file_size = file_size,
                           .name = name,
                           .arena = a,
                           .to = to,
                           .path = BUF_INIT(LONGEST_PATH * 2)};
        r = find(&s, tree, 0);
        buf_done(&s.path);
        return r;
}
