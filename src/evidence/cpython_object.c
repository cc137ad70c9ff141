/* SPDX-License-Identifier: Apache-2.0 */

/* Reading the few kinds of objects that names are made of. Whatever is not exactly what it should be is
 * nothing: memory that was freed looks almost like the object that it held. */

#include "evidence/cpython_object.h"

#include <errno.h>
#include <string.h>

enum { LONGEST_TEXT = 4096, MOST_ENTRIES = 1 << 24 };

/* Freed small objects hold the address of the next free one where the count of references was; objects
 * that were freed last hold 0. From 3.12 on the count has 32 bits, and flags may lie above it (3.14). */
bool cpython_head_alive(struct image *i, const struct cpython_layout *l, const uint64_t head[2],
                        uint64_t type)
{
        if (head[1] != type)
                return false;
        uint64_t count = l->minor >= 12 ? head[0] & UINT32_MAX : head[0];
        if (!count || (l->minor < 12 && head[0] >> 40))
                return false;
        return !(head[0] >> 32) || !image_area_at(i, head[0]);
}

bool cpython_alive(struct image *i, const struct cpython_layout *l, uint64_t object, uint64_t type)
{
        uint64_t head[2];
        if (object % 8 || !object)
                return false;
        if (l->free_threaded)
                return image_u64(i, object + l->type) == type;
        return image_read(i, object, head, sizeof(head)) == 0 && cpython_head_alive(i, l, head, type);
}

/* Before 3.12 code has no number of its own: a file that is loaded again often has its code, and the names
 * in it, where the earlier lay, and less often all that the code is made of. */
uint64_t cpython_identity(const struct cpython_layout *l, const char *code)
{
        enum { UNITS = 16, VERSION = 92 }; /* ob_size, from 3.11 on; co_version, from 3.12 on */
        uint64_t words[8] = {};
        memcpy(&words[0], code + l->file, 8);
        memcpy(&words[1], code + l->name, 8);
        memcpy(&words[2], code + l->line, 4);
        memcpy(&words[3], code + UNITS, l->minor >= 11 ? 8 : 0);
        memcpy(&words[4], code + VERSION, l->minor >= 12 ? 4 : 0);
        memcpy(&words[5], code + l->consts, 8);
        memcpy(&words[6], code + l->names, 8);
        memcpy(&words[7], code + l->bytecode, l->bytecode ? 8 : 0);
        uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, by words */
        for (size_t n = 0; n < ARRAY_SIZE(words); n++) {
                hash = (hash ^ words[n]) * 0x100000001b3;
                hash ^= hash >> 32;
        }
        return hash;
}

static size_t utf8_put(char *to, uint32_t c)
{
        if (c < 0x80) {
                to[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                to[0] = (char)(0xc0 | c >> 6);
                to[1] = (char)(0x80 | (c & 63));
                return 2;
        }
        if (c < 0x10000) {
                to[0] = (char)(0xe0 | c >> 12);
                to[1] = (char)(0x80 | (c >> 6 & 63));
                to[2] = (char)(0x80 | (c & 63));
                return 3;
        }
        to[0] = (char)(0xf0 | (c >> 18 & 7));
        to[1] = (char)(0x80 | (c >> 12 & 63));
        to[2] = (char)(0x80 | (c >> 6 & 63));
        to[3] = (char)(0x80 | (c & 63));
        return 4;
}

/* Where in the state of a str the bits of its kind begin: behind those that say how it is interned, which are
 * 2, in free-threaded builds from 3.14 on 8 or 16 with values below 4. No kind is 0. */
static unsigned kind_shift(const struct cpython_layout *l, uint32_t state)
{
        return !l->free_threaded || state >> 2 & 7 ? 2 : state >> 8 & 7 ? 8 : 16;
}

/* PyASCIIObject: length behind the head, hash, then the state: interned, kind (3 bits), compact, ascii
 * (Include/cpython/unicodeobject.h). */
ssize_t cpython_text(struct image *i, const struct cpython_layout *l, uint64_t object, char *to, size_t size)
{
        uint64_t head[3]; /* length, hash, state */
        unsigned char data[LONGEST_TEXT];
        if (!object || image_u64(i, object + l->type) != l->string ||
            image_read(i, object + l->head, head, sizeof(head)) < 0)
                return -EBADMSG;
        uint32_t state = (uint32_t)head[2];
        unsigned shift = kind_shift(l, state);
        unsigned kind = state >> shift & 7, compact = state >> (shift + 3) & 1,
                 ascii = state >> (shift + 4) & 1;
        if ((kind != 1 && kind != 2 && kind != 4) || !compact || (ascii && kind != 1) ||
            head[0] > LONGEST_TEXT / kind || head[0] * (ascii ? 1 : 4) >= size)
                return -EBADMSG;
        uint64_t at = object + l->string_data + (ascii ? 0 : l->minor >= 12 ? 16 : 24);
        if (image_read(i, at, data, head[0] * kind) < 0)
                return -EBADMSG;
        size_t used = 0;
        for (size_t n = 0; n < head[0]; n++) {
                uint32_t c = 0;
                memcpy(&c, data + n * kind, kind);
                if (!c || c > (ascii ? 0x7f : 0x10ffff)) /* there is room for no more */
                        return -EBADMSG;
                used += utf8_put(to + used, c);
        }
        to[used] = '\0';
        return (ssize_t)used;
}

static int intern_again(struct cpython *c)
{
        int r = 0;
        vec_each (s, &c->sites) {
                const char *texts[] = {s->file, s->name, s->module};
                for (size_t n = 0; r == 0 && n < ARRAY_SIZE(texts); n++)
                        r = texts[n] ? map_put_str(&c->strings, texts[n], (void *)texts[n]) : 0;
        }
        vec_each (m, &c->modules) {
                const char *texts[] = {m->name, m->file};
                for (size_t n = 0; r == 0 && n < ARRAY_SIZE(texts); n++)
                        r = texts[n] ? map_put_str(&c->strings, texts[n], (void *)texts[n]) : 0;
        }
        return r;
}

const char *cpython_intern(struct cpython *c, const char *text)
{
        if (!c->strings.count && intern_again(c) < 0)
                return NULL;
        const char *known = map_get_str(&c->strings, text);
        if (known)
                return known;
        char *copy = arena_strdup(&c->arena, text);
        c->names_missing |= !copy;
        return copy && map_put_str(&c->strings, copy, copy) == 0 ? copy : NULL;
}

/* A process is looked at for milliseconds and remembered for days. */
void cpython_rest(struct cpython *c)
{
        map_done(&c->strings);
        free(c->places);
        c->places = NULL;
        c->place_count = 0;
        if (!c->suspects.count)
                vec_done(&c->suspects);
        vec_trim(&c->sites);
        vec_trim(&c->codes);
        vec_trim(&c->known);
        vec_trim(&c->modules);
}

/* ---- dict ------------------------------------------------------------------------------------------- */

struct table {
        uint64_t entries, count; /* address; used ones, holes included */
        unsigned size, key;      /* bytes of an entry, offset of the key */
};

/* PyDictKeysObject (Objects/dict-common.h, from 3.11 on Include/internal/pycore_dict.h). */
static int read_table(struct image *i, const struct cpython_layout *l, uint64_t keys, struct table *ret)
{
        if (l->minor <= 10) {
                uint64_t head[5]; /* references, size, lookup function, usable, entries */
                if (image_read(i, keys, head, sizeof(head)) < 0 || head[1] > MOST_ENTRIES ||
                    head[4] > head[1])
                        return -EBADMSG;
                unsigned width = head[1] <= 0xff ? 1 : head[1] <= 0xffff ? 2 : 4;
                *ret = (struct table){keys + sizeof(head) + head[1] * width, head[4], 24, 8};
                return 0;
        }
        /* Free-threaded: a mutex lies in the padding; nothing moves. */
        struct {
                uint64_t references;
                uint8_t log2_size, log2_bytes, kind, pad;
                uint32_t version;
                uint64_t usable, entries;
        } head;
        if (image_read(i, keys, &head, sizeof(head)) < 0 || head.log2_bytes > 30 || head.kind > 2 ||
            head.entries > MOST_ENTRIES)
                return -EBADMSG;
        *ret = (struct table){keys + sizeof(head) + (1ull << head.log2_bytes), head.entries,
                              head.kind ? 16 : 24, head.kind ? 0 : 8};
        return 0;
}

static int find_table(struct image *i, const struct cpython_layout *l, uint64_t dict, struct table *ret)
{
        uint64_t head[4]; /* used, version, keys, values */
        if (!dict || dict % 8 || image_u64(i, dict + l->type) != l->dict ||
            image_read(i, dict + l->head, head, sizeof(head)) < 0 || head[3])
                return -EBADMSG;
        return read_table(i, l, head[2], ret);
}

int cpython_dict_extent(struct image *i, const struct cpython_layout *l, uint64_t dict, uint64_t *ret_entries,
                        uint64_t *ret_count)
{
        struct table table;
        if (find_table(i, l, dict, &table) < 0)
                return -EBADMSG;
        *ret_entries = table.entries;
        *ret_count = table.count;
        return 0;
}

int cpython_dict_each(struct image *i, const struct cpython_layout *l, uint64_t dict, size_t most,
                      cpython_entry each, void *context)
{
        struct table table;
        if (find_table(i, l, dict, &table) < 0)
                return -EBADMSG;
        for (size_t n = 0; n < MIN(table.count, (uint64_t)most); n++) {
                uint64_t entry[3];
                if (image_read(i, table.entries + n * table.size, entry, table.size) < 0)
                        return -EBADMSG;
                uint64_t key = entry[table.key / 8], value = entry[table.key / 8 + 1];
                int r = key && value ? each(context, (uint32_t)n, key, value) : 0;
                if (r)
                        return r;
        }
        return 0;
}
