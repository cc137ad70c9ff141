/* SPDX-License-Identifier: Apache-2.0 */

/* A table is an array of records that name strings by offset: each record is read alone, and what does not
 * fit is left out. */

#include "format/elf_functions.h"

#include <elf.h>
#include <errno.h>
#include <lzma.h>

enum {
        MOST_ENTRIES = 4000000,
        XZ_MEMORY = 128 << 20, /* bytes that the decoder may take */
        STEP = 64 * 1024,
};

static uint64_t number(const char *p, size_t size)
{
        uint64_t value = 0;
        for (size_t i = 0; i < size; i++)
                value |= (uint64_t)(uint8_t)p[i] << (8 * i);
        return value;
}

struct tables {
        struct span symbols, strings; /* strings: up to the last NUL, so that each one ends */
        struct span versions;
        bool exported;
};

static bool entry_read(const struct elf *e, const struct tables *t, size_t i, struct elf_function *ret)
{
        size_t size = e->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
        const char *p = t->symbols.data + i * size;
        uint64_t name = number(p, 4);
        unsigned info = (uint8_t)p[e->wide ? 4 : 12], type = info & 15;
        uint64_t section = number(p + (e->wide ? 6 : 14), 2);
        if ((type != STT_FUNC && type != STT_GNU_IFUNC) || section == SHN_UNDEF || section == SHN_ABS)
                return false;
        if (name >= t->strings.size || !t->strings.data[name])
                return false;
        *ret = (struct elf_function){
                .name = t->strings.data + name,
                .address = e->wide ? number(p + 8, 8) : number(p + 4, 4),
                .size = e->wide ? number(p + 16, 8) : number(p + 8, 4),
                .local = info >> 4 == STB_LOCAL,
                .repeated = info >> 4 != STB_GLOBAL,
                .exported = t->exported,
                .chosen = type == STT_GNU_IFUNC,
        };
        if ((i + 1) * 2 <= t->versions.size)
                ret->version = (uint16_t)number(t->versions.data + i * 2, 2) & ELF_VERSION;
        return ret->address != 0;
}

static int walk(const struct elf *e, struct tables *t, elf_function_handler handler, void *context)
{
        size_t size = e->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
        size_t count = MIN(t->symbols.size / size, (size_t)MOST_ENTRIES);
        const char *end = t->strings.size ? memrchr(t->strings.data, 0, t->strings.size) : NULL;
        t->strings.size = end ? (size_t)(end - t->strings.data) + 1 : 0;
        for (size_t i = 1; i < count; i++) {
                struct elf_function f;
                int r = entry_read(e, t, i, &f) ? handler(context, &f) : 0;
                if (r)
                        return r;
        }
        return 0;
}

int elf_functions(const struct elf *e, elf_function_handler handler, void *context)
{
        struct tables dynamic = {.exported = true}, all = {};
        int r = 0;
        elf_dynamic_versions(e, &dynamic.versions);
        if ((elf_section(e, ".dynsym", &dynamic.symbols) == 0 &&
             elf_section(e, ".dynstr", &dynamic.strings) == 0) ||
            elf_dynamic_symbols(e, &dynamic.symbols, &dynamic.strings) == 0)
                r = walk(e, &dynamic, handler, context);
        if (r == 0 && elf_section(e, ".symtab", &all.symbols) == 0 &&
            elf_section(e, ".strtab", &all.strings) == 0)
                r = walk(e, &all, handler, context);
        return r;
}

bool elf_has_all_symbols(const struct elf *e)
{
        struct span symbols;
        return elf_section(e, ".symtab", &symbols) == 0;
}

/* gold: gold/layout.cc, create_gold_note; lld: lld/ELF/SyntheticSections.cpp, RelroPaddingSection (since 18)
 * and createCommentSection ("Linker: LLD"); mold: elf/output-chunks ("mold 2.…"). */
bool elf_may_be_folded(const struct elf *e)
{
        static const char *const sections[] = {".note.gnu.gold-version", ".relro_padding"};
        static const char *const names[] = {"Linker: LLD", "mold "};
        struct span found;
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                if (elf_has_section(e, sections[i]))
                        return true;
        for (size_t i = 0; elf_section(e, ".comment", &found) == 0 && i < ARRAY_SIZE(names); i++)
                if (memmem(found.data, found.size, names[i], strlen(names[i])))
                        return true;
        return false;
}

static int unpack(lzma_stream *stream, struct buf *to)
{
        for (;;) {
                char *at = buf_reserve(to, STEP);
                if (!at)
                        return to->error;
                stream->next_out = (uint8_t *)at;
                stream->avail_out = STEP;
                lzma_ret got = lzma_code(stream, LZMA_FINISH);
                buf_grow(to, STEP - stream->avail_out);
                if (got == LZMA_STREAM_END)
                        return 0;
                if (got != LZMA_OK)
                        return got == LZMA_MEM_ERROR || got == LZMA_MEMLIMIT_ERROR ? -ENOMEM : -EBADMSG;
        }
}

int elf_mini_debug(const struct elf *e, struct buf *to)
{
        struct span packed;
        lzma_stream stream = LZMA_STREAM_INIT;
        if (elf_section(e, ".gnu_debugdata", &packed) < 0)
                return -ENOENT;
        if (lzma_stream_decoder(&stream, XZ_MEMORY, 0) != LZMA_OK)
                return -ENOMEM;
        stream.next_in = (const uint8_t *)packed.data;
        stream.avail_in = packed.size;
        int r = unpack(&stream, to);
        lzma_end(&stream);
        return r;
}

int elf_debug_link(const struct elf *e, struct span *ret_name, uint32_t *ret_crc)
{
        struct span link;
        if (elf_section(e, ".gnu_debuglink", &link) < 0)
                return -ENOENT;
        const char *end = memchr(link.data, 0, link.size);
        if (!end || end == link.data)
                return -ENOENT;
        size_t size = (size_t)(end - link.data), crc = (size + 4) & ~(size_t)3;
        if (crc + 4 > link.size || memchr(link.data, '/', size))
                return -ENOENT;
        *ret_name = (struct span){link.data, size};
        *ret_crc = (uint32_t)number(link.data + crc, 4);
        return 0;
}
