/* SPDX-License-Identifier: Apache-2.0 */

/* Nothing is cast: numbers are read byte-wise at checked offsets, so that neither alignment nor a lying
 * header matters. */

#include "format/elf.h"

#include <elf.h>
#include <errno.h>

enum {
        MOST_SYMBOLS = 1000000,
        MOST_DYNAMIC = 4096,
        MOST_NOTES = 16 /* segments */,
        LONGEST_NAME = 4096,
        MOST_VERSIONS = 32768
};

/* `size` bytes at `offset`, or NULL. */
static const uint8_t *bytes_at(const struct elf *e, uint64_t offset, uint64_t size)
{
        if (offset > e->bytes.size || size > e->bytes.size - offset)
                return NULL;
        return (const uint8_t *)e->bytes.data + offset;
}

static uint64_t number(const uint8_t *p, size_t size)
{
        uint64_t value = 0;
        for (size_t i = 0; i < size; i++)
                value |= (uint64_t)p[i] << (8 * i);
        return value;
}

int elf_open(struct span bytes, struct elf *ret)
{
        struct elf e = {.bytes = bytes};
        if (bytes.size < EI_NIDENT || memcmp(bytes.data, ELFMAG, SELFMAG) != 0)
                return -EINVAL;
        if (bytes.data[EI_DATA] != ELFDATA2LSB ||
            (bytes.data[EI_CLASS] != ELFCLASS64 && bytes.data[EI_CLASS] != ELFCLASS32))
                return -ENOTSUP;
        e.wide = bytes.data[EI_CLASS] == ELFCLASS64;
        const uint8_t *h = bytes_at(&e, 0, e.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
        if (!h)
                return -EBADMSG;
        e.type = (uint16_t)number(h + 16, 2);
        e.machine = (uint16_t)number(h + 18, 2);
        e.phoff = e.wide ? number(h + 32, 8) : number(h + 28, 4);
        e.shoff = e.wide ? number(h + 40, 8) : number(h + 32, 4);
        const uint8_t *tail = h + (e.wide ? 54 : 42);
        e.phentsize = (uint16_t)number(tail, 2);
        e.phnum = (uint16_t)number(tail + 2, 2);
        e.shentsize = (uint16_t)number(tail + 4, 2);
        e.shnum = (uint16_t)number(tail + 6, 2);
        e.shstrndx = (uint16_t)number(tail + 8, 2);
        *ret = e;
        return 0;
}

struct segment {
        uint32_t type, flags;
        uint64_t offset, address, file_size;
};

static bool segment_at(const struct elf *e, uint16_t i, struct segment *ret)
{
        uint64_t at = e->phoff + (uint64_t)i * e->phentsize;
        const uint8_t *p =
                at < e->phoff ? NULL : bytes_at(e, at, e->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
        if (!p)
                return false;
        if (e->wide)
                *ret = (struct segment){(uint32_t)number(p, 4), (uint32_t)number(p + 4, 4), number(p + 8, 8),
                                        number(p + 16, 8), number(p + 32, 8)};
        else
                *ret = (struct segment){(uint32_t)number(p, 4), (uint32_t)number(p + 24, 4), number(p + 4, 4),
                                        number(p + 8, 4), number(p + 16, 4)};
        return true;
}

struct section {
        uint32_t name, type;
        uint64_t offset, size;
};

static bool section_at(const struct elf *e, uint16_t i, struct section *ret)
{
        uint64_t at = e->shoff + (uint64_t)i * e->shentsize;
        const uint8_t *p = at < e->shoff || !e->shoff
                                   ? NULL
                                   : bytes_at(e, at, e->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
        if (!p)
                return false;
        uint32_t name = (uint32_t)number(p, 4), type = (uint32_t)number(p + 4, 4);
        if (e->wide)
                *ret = (struct section){name, type, number(p + 24, 8), number(p + 32, 8)};
        else
                *ret = (struct section){name, type, number(p + 16, 4), number(p + 20, 4)};
        return true;
}

/* As much of [offset, offset + size) as there is. */
static struct span clip(const struct elf *e, uint64_t offset, uint64_t size)
{
        if (offset >= e->bytes.size)
                return (struct span){};
        uint64_t left = e->bytes.size - offset;
        return (struct span){e->bytes.data + offset, (size_t)MIN(size, left)};
}

static bool find_section(const struct elf *e, const char *name, bool held, struct section *ret)
{
        struct section names, s;
        if (!section_at(e, e->shstrndx, &names))
                return false;
        struct span strings = clip(e, names.offset, names.size);
        size_t wanted = strlen(name) + 1;
        for (uint16_t i = 0; i < e->shnum; i++) {
                if (!section_at(e, i, &s) || (held && s.type == SHT_NOBITS) || s.name >= strings.size ||
                    strings.size - s.name < wanted || memcmp(strings.data + s.name, name, wanted) != 0)
                        continue;
                *ret = s;
                return true;
        }
        return false;
}

int elf_section(const struct elf *e, const char *name, struct span *ret)
{
        struct section s;
        if (!find_section(e, name, true, &s))
                return -ENOENT;
        *ret = clip(e, s.offset, s.size);
        return ret->size ? 0 : -ENOENT;
}

bool elf_has_section(const struct elf *e, const char *name)
{
        struct section s;
        return find_section(e, name, false, &s);
}

int elf_at_address(const struct elf *e, uint64_t address, struct span *ret)
{
        struct segment s;
        for (uint16_t i = 0; i < e->phnum; i++) {
                if (!segment_at(e, i, &s) || s.type != PT_LOAD || address < s.address ||
                    address - s.address >= s.file_size)
                        continue;
                uint64_t skip = address - s.address;
                if (s.offset > UINT64_MAX - skip)
                        continue;
                *ret = clip(e, s.offset + skip, s.file_size - skip);
                return ret->size ? 0 : -ENOENT;
        }
        return -ENOENT;
}

int elf_code_offset(const struct elf *e, uint64_t address, uint64_t *ret_offset)
{
        struct segment s;
        for (uint16_t i = 0; i < e->phnum; i++)
                if (segment_at(e, i, &s) && s.type == PT_LOAD && (s.flags & PF_X) && address >= s.address &&
                    address - s.address < s.file_size && bytes_at(e, s.offset, s.file_size)) {
                        *ret_offset = s.offset + (address - s.address);
                        return 0;
                }
        return -ENOENT;
}

size_t elf_code_parts(const struct elf *e, struct elf_code *to, size_t most)
{
        struct segment s;
        size_t count = 0;
        for (uint16_t i = 0; i < e->phnum && count < most; i++) {
                if (!segment_at(e, i, &s) || s.type != PT_LOAD || !(s.flags & PF_X))
                        continue;
                struct span held = clip(e, s.offset, s.file_size);
                if (held.size)
                        to[count++] = (struct elf_code){s.address, s.offset, held.size};
        }
        return count;
}

uint64_t elf_address(const struct elf *e, uint64_t offset)
{
        struct segment s;
        for (uint16_t i = 0; i < e->phnum; i++)
                if (segment_at(e, i, &s) && s.type == PT_LOAD && offset >= s.offset &&
                    offset - s.offset < s.file_size)
                        return s.address + (offset - s.offset);
        return 0;
}

int elf_segment(const struct elf *e, uint32_t type, struct span *ret)
{
        struct segment s;
        for (uint16_t i = 0; i < e->phnum; i++)
                if (segment_at(e, i, &s) && s.type == type) {
                        *ret = clip(e, s.offset, s.file_size);
                        return ret->size ? 0 : -ENOENT;
                }
        return -ENOENT;
}

int elf_data(const struct elf *e, struct span *ret)
{
        struct segment s;
        for (uint16_t i = 0; i < e->phnum; i++)
                if (segment_at(e, i, &s) && s.type == PT_LOAD && (s.flags & PF_W)) {
                        *ret = clip(e, s.offset, s.file_size);
                        return ret->size ? 0 : -ENOENT;
                }
        return -ENOENT;
}

/* ---- notes ------------------------------------------------------------------------------------------ */

static int find_build_id(struct span notes, char ret[static ELF_BUILD_ID])
{
        while (notes.size >= 12) {
                const uint8_t *p = (const uint8_t *)notes.data;
                uint64_t name_size = number(p, 4), size = number(p + 4, 4), type = number(p + 8, 4);
                uint64_t body = 12 + ((name_size + 3) & ~3ull), end = body + ((size + 3) & ~3ull);
                if (body + size > notes.size)
                        return -ENOENT;
                if (type == NT_GNU_BUILD_ID && name_size == 4 && !memcmp(p + 12, "GNU", 4) && size &&
                    size * 2 < ELF_BUILD_ID) {
                        for (uint64_t i = 0; i < size; i++) {
                                static const char digits[] = "0123456789abcdef";
                                ret[2 * i] = digits[p[body + i] >> 4];
                                ret[2 * i + 1] = digits[p[body + i] & 15];
                        }
                        ret[2 * size] = '\0';
                        return 0;
                }
                if (end > notes.size)
                        return -ENOENT;
                notes = (struct span){notes.data + end, notes.size - end};
        }
        return -ENOENT;
}

int elf_build_id(const struct elf *e, char ret[static ELF_BUILD_ID])
{
        struct segment s;
        size_t notes = 0;
        for (uint16_t i = 0; i < e->phnum && notes < MOST_NOTES; i++)
                if (segment_at(e, i, &s) && s.type == PT_NOTE && ++notes &&
                    find_build_id(clip(e, s.offset, s.file_size), ret) == 0)
                        return 0;
        struct span note;
        if (elf_section(e, ".note.gnu.build-id", &note) == 0)
                return find_build_id(note, ret);
        return -ENOENT;
}

/* ---- dynamic linking -------------------------------------------------------------------------------- */

struct dynamic {
        uint64_t strtab, strsz, symtab, versym, verdef, soname;
        bool has_soname;
};

static bool read_dynamic(const struct elf *e, struct dynamic *ret)
{
        struct segment s;
        struct span table = {};
        for (uint16_t i = 0; i < e->phnum && !table.size; i++)
                if (segment_at(e, i, &s) && s.type == PT_DYNAMIC)
                        table = clip(e, s.offset, s.file_size);
        size_t word = e->wide ? 8 : 4;
        struct dynamic d = {};
        for (size_t i = 0; i < MOST_DYNAMIC && (i + 1) * 2 * word <= table.size; i++) {
                const uint8_t *p = (const uint8_t *)table.data + i * 2 * word;
                uint64_t tag = number(p, word), value = number(p + word, word);
                if (tag == DT_NULL)
                        break;
                if (tag == DT_STRTAB)
                        d.strtab = value;
                else if (tag == DT_STRSZ)
                        d.strsz = value;
                else if (tag == DT_SYMTAB)
                        d.symtab = value;
                else if (tag == DT_VERSYM)
                        d.versym = value;
                else if (tag == DT_VERDEF)
                        d.verdef = value;
                else if (tag == DT_SONAME) {
                        d.soname = value;
                        d.has_soname = true;
                }
        }
        *ret = d;
        return d.strtab != 0;
}

static struct span string_table(const struct elf *e, const struct dynamic *d)
{
        struct span strings = {};
        if (elf_at_address(e, d->strtab, &strings) < 0)
                return (struct span){};
        strings.size = MIN(strings.size, d->strsz);
        return strings;
}

/* The NUL-terminated string at `offset`, or NULL: also of more bytes than it may have, as all symbols can
 * lead to the same one. */
static const char *string_at(struct span strings, uint64_t offset)
{
        if (offset >= strings.size ||
            !memchr(strings.data + offset, 0, MIN(strings.size - offset, (size_t)LONGEST_NAME)))
                return NULL;
        return strings.data + offset;
}

struct span elf_soname(const struct elf *e)
{
        struct dynamic d;
        if (!read_dynamic(e, &d) || !d.has_soname)
                return (struct span){};
        const char *name = string_at(string_table(e, &d), d.soname);
        return span_of(name);
}

int elf_dynamic_symbols(const struct elf *e, struct span *ret_symbols, struct span *ret_strings)
{
        struct dynamic d;
        struct span symbols = {};
        if (!read_dynamic(e, &d) || elf_at_address(e, d.symtab, &symbols) < 0)
                return -ENOENT;
        /* The table has no count of its own; linkers put the strings right behind it, and it never reaches
         * beyond them. */
        if (d.strtab > d.symtab)
                symbols.size = MIN(symbols.size, d.strtab - d.symtab);
        *ret_symbols = symbols;
        *ret_strings = string_table(e, &d);
        return 0;
}

int elf_dynamic_versions(const struct elf *e, struct span *ret)
{
        struct dynamic d;
        return read_dynamic(e, &d) && d.versym ? elf_at_address(e, d.versym, ret) : -ENOENT;
}

/* The first definition is that of the file itself, by its name. */
uint16_t elf_version_number(const struct elf *e, const char *name)
{
        struct dynamic d;
        struct span table, strings;
        if (!read_dynamic(e, &d) || !d.verdef || elf_at_address(e, d.verdef, &table) < 0)
                return 0;
        strings = string_table(e, &d);
        for (unsigned i = 0; i < MOST_VERSIONS && table.size >= sizeof(Elf64_Verdef); i++) {
                const uint8_t *p = (const uint8_t *)table.data;
                uint64_t flags = number(p + 2, 2), aux = number(p + 12, 4), next = number(p + 16, 4);
                const char *found = aux < table.size && table.size - aux >= sizeof(Elf64_Verdaux)
                                            ? string_at(strings, number(p + aux, 4))
                                            : NULL;
                if (found && !(flags & VER_FLG_BASE) && str_equal(found, name))
                        return (uint16_t)number(p + 4, 2) & ELF_VERSION;
                if (!next || next > table.size)
                        return 0;
                table = (struct span){table.data + next, table.size - next};
        }
        return 0;
}

int elf_exported(const struct elf *e, elf_symbol_handler handler, void *context)
{
        struct span symbols, strings;
        if (elf_dynamic_symbols(e, &symbols, &strings) < 0)
                return 0;
        size_t size = e->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
        for (size_t i = 1; i < MOST_SYMBOLS && (i + 1) * size <= symbols.size; i++) {
                const uint8_t *p = (const uint8_t *)symbols.data + i * size;
                uint64_t name_offset = number(p, 4), index = number(p + (e->wide ? 6 : 14), 2);
                const char *name = index == SHN_UNDEF ? NULL : string_at(strings, name_offset);
                int r = name && *name ? handler(context, name) : 0;
                if (r)
                        return r;
        }
        return 0;
}
