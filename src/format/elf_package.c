/* SPDX-License-Identifier: Apache-2.0 */
/* A note is told by owner and type; a section may hold others before it. */
#include "format/elf_package.h"

#include "format/json_tree.h"

#include <errno.h>

#define NOTE_TYPE 0xcafe1a7eu

enum { MOST_VALUES = 1000 };

static uint32_t le32(const char *at)
{
        const uint8_t *b = (const uint8_t *)at;
        return b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
}

static int keep(const json_t *tree, const char *key, struct arena *a, const char **ret)
{
        const char *text = json_tree_text(tree, key);
        *ret = arena_strdup(a, text);
        return text && !*ret ? -ENOMEM : 0;
}

static int parse(struct span json, struct arena *a, struct elf_package *ret)
{
        _cleanup_json_tree_ json_t *tree = NULL;
        json.size = strnlen(json.data, json.size);
        int r = json_tree_load(json, MOST_VALUES, &tree);
        if (r < 0)
                return r;
        struct elf_package p;
        if (keep(tree, "type", a, &p.type) < 0 || keep(tree, "name", a, &p.name) < 0 ||
            keep(tree, "version", a, &p.version) < 0 || keep(tree, "architecture", a, &p.architecture) < 0 ||
            keep(tree, "os", a, &p.os) < 0)
                return -ENOMEM;
        if (!p.name || !p.version)
                return -EBADMSG;
        *ret = p;
        return 0;
}

int elf_package_parse(const struct elf *e, struct arena *a, struct elf_package *ret)
{
        struct span notes;
        if (elf_section(e, ".note.package", &notes) < 0)
                return -ENOENT;
        while (notes.size >= 12) {
                size_t owner = le32(notes.data), size = le32(notes.data + 4);
                uint32_t type = le32(notes.data + 8);
                size_t skip = 12 + ((owner + 3) & ~(size_t)3);
                if (owner > notes.size || size > notes.size || skip > notes.size || size > notes.size - skip)
                        return -EBADMSG;
                if (type == NOTE_TYPE && owner == 4 && !memcmp(notes.data + 12, "FDO", 4))
                        return parse((struct span){notes.data + skip, size}, a, ret);
                size_t next = skip + ((size + 3) & ~(size_t)3);
                if (next >= notes.size)
                        break;
                notes = (struct span){notes.data + next, notes.size - next};
        }
        return -ENOENT;
}
