/* SPDX-License-Identifier: Apache-2.0 */

/* Two layouts: since Go 1.18 the strings follow the header, before that the header points to Go string
 * headers elsewhere in the data. Both are bounded by the file. */

#include "format/go_buildinfo.h"

#include <errno.h>

enum {
        HEADER = 32,
        FLAG_BIG_ENDIAN = 1,
        FLAG_INLINE = 2,
        MOST_MODULES = 20000,
        LONGEST_NAME = 1024, /* bytes of a path or version */
        SENTINEL = 16,       /* bytes around the module text */
        SEARCH = 1 << 20,    /* bytes of writable data that are searched where sections were stripped */
};
static const char magic[] = "\xff Go buildinf:";
enum { MAGIC = sizeof(magic) - 1 };

static uint64_t number(const char *p, size_t size)
{
        uint64_t value = 0;
        for (size_t i = 0; i < size; i++)
                value |= (uint64_t)(unsigned char)p[i] << (8 * i);
        return value;
}

/* encoding/binary's unsigned varint. */
static bool take_varint(struct span *s, uint64_t *ret)
{
        uint64_t value = 0;
        for (unsigned shift = 0; s->size && shift < 64; shift += 7) {
                unsigned char c = (unsigned char)*s->data;
                *s = (struct span){s->data + 1, s->size - 1};
                value |= (uint64_t)(c & 0x7f) << shift;
                if (!(c & 0x80)) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

static bool take_inline(struct span *s, struct span *ret)
{
        uint64_t size;
        if (!take_varint(s, &size) || size > s->size)
                return false;
        *ret = (struct span){s->data, (size_t)size};
        *s = (struct span){s->data + size, s->size - size};
        return true;
}

/* The Go string whose header lies at the address. */
static bool follow(const struct elf *e, uint64_t address, size_t word, struct span *ret)
{
        struct span header, bytes;
        if (elf_at_address(e, address, &header) < 0 || header.size < 2 * word)
                return false;
        uint64_t data = number(header.data, word), size = number(header.data + word, word);
        if (!size) {
                *ret = (struct span){};
                return true;
        }
        if (elf_at_address(e, data, &bytes) < 0 || size > bytes.size)
                return false;
        *ret = (struct span){bytes.data, (size_t)size};
        return true;
}

static bool find_header(const struct elf *e, struct span *ret)
{
        struct span section;
        if (elf_section(e, ".go.buildinfo", &section) == 0 && section.size >= HEADER &&
            !memcmp(section.data, magic, MAGIC)) {
                *ret = section;
                return true;
        }
        struct span data;
        if (elf_data(e, &data) < 0)
                return false;
        for (size_t i = 0; i + HEADER <= MIN(data.size, (size_t)SEARCH); i += 16)
                if (!memcmp(data.data + i, magic, MAGIC)) {
                        *ret = (struct span){data.data + i, data.size - i};
                        return true;
                }
        return false;
}

static int find_strings(const struct elf *e, struct span *ret_version, struct span *ret_modules)
{
        struct span header;
        if (!find_header(e, &header))
                return -ENOENT;
        unsigned char flags = (unsigned char)header.data[15];
        if (flags & FLAG_INLINE) {
                struct span rest = {header.data + HEADER, header.size - HEADER};
                return take_inline(&rest, ret_version) && take_inline(&rest, ret_modules) ? 0 : -EBADMSG;
        }
        size_t word = (unsigned char)header.data[14];
        if ((word != 4 && word != 8) || (flags & FLAG_BIG_ENDIAN))
                return -EBADMSG;
        if (!follow(e, number(header.data + 16, word), word, ret_version) ||
            !follow(e, number(header.data + 16 + word, word), word, ret_modules))
                return -EBADMSG;
        return 0;
}

static int read_module(struct span line, bool main, struct arena *a, struct go_module *ret)
{
        struct span path, version = {};
        if (!span_cut(&line, '\t', &path) || path.size > LONGEST_NAME)
                return -EBADMSG;
        span_cut(&line, '\t', &version);
        if (version.size > LONGEST_NAME)
                return -EBADMSG;
        bool known = version.size && !span_equal(version, "(devel)");
        struct go_module m = {
                .path = arena_strndup(a, path.data, path.size),
                .version = known ? arena_strndup(a, version.data, version.size) : NULL,
                .main = main,
        };
        if (!m.path || (known && !m.version))
                return -ENOMEM;
        *ret = m;
        return 0;
}

/* "command-line-arguments" stands for files that were named by hand. */
static int read_main_path(struct span path, struct arena *a, struct go_buildinfo *to)
{
        if (path.size > LONGEST_NAME)
                return -EBADMSG;
        if (span_equal(path, "command-line-arguments"))
                return 0;
        to->main_path = arena_strndup(a, path.data, path.size);
        return to->main_path ? 0 : -ENOMEM;
}

static int read_modules(struct span text, struct arena *a, struct go_buildinfo *to)
{
        struct span line, word;
        while (span_cut(&text, '\n', &line)) {
                struct span rest = line;
                if (!span_cut(&rest, '\t', &word))
                        continue;
                bool main = span_equal(word, "mod"), replaced = span_equal(word, "=>");
                int r = span_equal(word, "path") ? read_main_path(rest, a, to) : 0;
                if (r < 0)
                        return r;
                if (!main && !replaced && !span_equal(word, "dep"))
                        continue;
                if ((replaced && !to->modules.count) || to->modules.count >= MOST_MODULES)
                        return -EBADMSG;
                struct go_module *m =
                        replaced ? &to->modules.items[to->modules.count - 1] : vec_add(&to->modules);
                if (!m)
                        return -ENOMEM;
                r = read_module(rest, main, a, m);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_strings(struct span version, struct span modules, struct arena *a, struct go_buildinfo *ret)
{
        int r = 0;
        struct go_buildinfo info = {.go_version =
                                            arena_strndup(a, version.data ? version.data : "", version.size)};
        if (!info.go_version)
                return -ENOMEM;
        if (modules.size > 2 * SENTINEL && modules.data[modules.size - SENTINEL - 1] == '\n') {
                modules = (struct span){modules.data + SENTINEL, modules.size - 2 * SENTINEL};
                r = read_modules(modules, a, &info);
        }
        if (r < 0) {
                vec_done(&info.modules);
                return r;
        }
        *ret = info;
        return 0;
}

int go_buildinfo_parse(const struct elf *e, struct arena *a, struct go_buildinfo *ret)
{
        struct span version, modules;
        int r = find_strings(e, &version, &modules);
        return r < 0 ? r : read_strings(version, modules, a, ret);
}

/* The magic bytes are also the text of programs that look for them: a header has strings behind it. */
int go_buildinfo_search(struct span program, struct arena *a, struct go_buildinfo *ret)
{
        struct span rest = program, version, modules;
        bool older = false;
        for (const char *at; rest.size >= HEADER && (at = memmem(rest.data, rest.size, magic, MAGIC));) {
                size_t offset = (size_t)(at - program.data);
                rest = (struct span){at + 1, program.size - offset - 1};
                if (offset % 16 || program.size - offset < HEADER)
                        continue;
                struct span strings = {at + HEADER, program.size - offset - HEADER};
                if (!((unsigned char)at[15] & FLAG_INLINE))
                        older |= at[14] == 4 || at[14] == 8;
                else if (take_inline(&strings, &version) && take_inline(&strings, &modules) &&
                         span_starts(version, "go"))
                        return read_strings(version, modules, a, ret);
        }
        return older ? -ENOTSUP : -ENOENT;
}
