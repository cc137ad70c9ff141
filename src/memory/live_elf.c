/* SPDX-License-Identifier: Apache-2.0 */

/* The loader finds symbols by PT_DYNAMIC and a hash table, and needs no section headers: what it needs lies
 * in memory while the process runs. Nothing in there is trusted; a table that lies yields no symbol. */

#include "memory/live_elf.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

enum { MOST_SEGMENTS = 64, MOST_DYNAMIC = 512, MOST_CHAIN = 4096, LONGEST_SYMBOL = 64 };

/* glibc relocates these in place, musl and the vDSO do not. */
static uint64_t relocated(const struct live_elf *e, uint64_t address)
{
        return address < e->start ? address + e->bias : address;
}

/* Address of PT_DYNAMIC, 0: none. */
static int read_segments(struct image *i, const Elf64_Ehdr *header, struct live_elf *e, uint64_t *ret_dynamic)
{
        bool first = true;
        uint64_t dynamic = 0;
        for (size_t n = 0; n < MIN((size_t)header->e_phnum, (size_t)MOST_SEGMENTS); n++) {
                Elf64_Phdr segment;
                int r = image_read(i, e->start + header->e_phoff + n * sizeof(segment), &segment,
                                   sizeof(segment));
                if (r < 0)
                        return r;
                if (segment.p_type == PT_LOAD && first) {
                        e->bias = e->start - segment.p_vaddr / IMAGE_PAGE * IMAGE_PAGE;
                        first = false;
                }
                if (segment.p_type == PT_LOAD)
                        e->end = MAX(e->end, segment.p_vaddr + segment.p_memsz);
                if (segment.p_type == PT_DYNAMIC)
                        dynamic = segment.p_vaddr;
        }
        if (first)
                return -EINVAL;
        e->end += e->bias;
        *ret_dynamic = dynamic ? dynamic + e->bias : 0;
        return 0;
}

static int place(struct image *i, uint64_t start, struct live_elf *ret, uint64_t *ret_dynamic)
{
        struct live_elf e = {.start = start};
        Elf64_Ehdr header;
        if (image_read(i, start, &header, sizeof(header)) < 0 || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
            header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
            header.e_phentsize != sizeof(Elf64_Phdr) || read_segments(i, &header, &e, ret_dynamic) < 0)
                return -EINVAL;
        e.machine = header.e_machine;
        *ret = e;
        return 0;
}

int live_elf_place(struct image *i, uint64_t start, struct live_elf *ret)
{
        uint64_t dynamic;
        return place(i, start, ret, &dynamic);
}

static void take_dynamic(const Elf64_Dyn *entry, struct live_elf *e)
{
        uint64_t value = entry->d_un.d_val;
        switch (entry->d_tag) {
        case DT_SYMTAB:
                e->symbols = relocated(e, value);
                break;
        case DT_STRTAB:
                e->strings = relocated(e, value);
                break;
        case DT_GNU_HASH:
                e->gnu_hash = relocated(e, value);
                break;
        case DT_HASH:
                e->hash = relocated(e, value);
                break;
        case DT_STRSZ:
                e->strings_size = value;
                break;
        case DT_JMPREL:
                e->slots = relocated(e, value);
                break;
        case DT_PLTRELSZ:
                e->slots_size = value;
                break;
        case DT_BIND_NOW:
                e->bound_at_load = true;
                break;
        case DT_FLAGS:
                e->bound_at_load |= value & DF_BIND_NOW;
                break;
        case DT_FLAGS_1:
                e->bound_at_load |= value & DF_1_NOW;
                break;
        default:
                break;
        }
}

int live_elf_open(struct image *i, uint64_t start, struct live_elf *ret)
{
        struct live_elf e;
        uint64_t dynamic;
        if (place(i, start, &e, &dynamic) < 0 || !dynamic)
                return -EINVAL;
        for (size_t n = 0; n < MOST_DYNAMIC; n++) {
                Elf64_Dyn entry;
                if (image_read(i, dynamic + n * sizeof(entry), &entry, sizeof(entry)) < 0 ||
                    entry.d_tag == DT_NULL)
                        break;
                take_dynamic(&entry, &e);
        }
        if (!e.symbols || !e.strings || (!e.gnu_hash && !e.hash))
                return -EINVAL;
        *ret = e;
        return 0;
}

/* 1: this is it; 0: it is not. */
static int try_symbol(struct image *i, const struct live_elf *e, uint32_t index, const char *name,
                      uint64_t *ret_address)
{
        Elf64_Sym symbol;
        char text[LONGEST_SYMBOL];
        size_t size = strlen(name) + 1;
        if (image_read(i, e->symbols + index * sizeof(symbol), &symbol, sizeof(symbol)) < 0 ||
            symbol.st_shndx == SHN_UNDEF || (e->strings_size && symbol.st_name >= e->strings_size) ||
            image_read(i, e->strings + symbol.st_name, text, size) < 0 || memcmp(text, name, size) != 0)
                return 0;
        *ret_address = symbol.st_value + e->bias;
        return 1;
}

static int find_gnu(struct image *i, const struct live_elf *e, const char *name, uint64_t *ret_address)
{
        uint32_t head[4]; /* buckets, first symbol, words and shift of the Bloom filter */
        uint32_t hash = 5381;
        for (const char *c = name; *c; c++)
                hash = hash * 33 + (uint8_t)*c;
        if (image_read(i, e->gnu_hash, head, sizeof(head)) < 0 || !head[0] || !head[2] || head[3] > 63)
                return -ENOENT;
        uint64_t bloom = image_u64(i, e->gnu_hash + 16 + 8ull * (hash / 64 % head[2]));
        if (!(bloom >> hash % 64 & bloom >> (hash >> head[3]) % 64 & 1))
                return -ENOENT;
        uint64_t buckets = e->gnu_hash + 16 + 8ull * head[2], chain = buckets + 4ull * head[0];
        uint32_t index = image_u32(i, buckets + 4ull * (hash % head[0]));
        if (index < head[1])
                return -ENOENT;
        for (size_t n = 0; n < MOST_CHAIN; n++, index++) {
                uint32_t at = image_u32(i, chain + 4ull * (index - head[1]));
                if ((at | 1) == (hash | 1) && try_symbol(i, e, index, name, ret_address))
                        return 0;
                if (at & 1)
                        break;
        }
        return -ENOENT;
}

static int find_sysv(struct image *i, const struct live_elf *e, const char *name, uint64_t *ret_address)
{
        uint32_t head[2], hash = 0; /* buckets, symbols */
        for (const char *c = name; *c; c++) {
                hash = (hash << 4) + (uint8_t)*c;
                uint32_t high = hash & 0xf0000000;
                hash = (hash ^ high >> 24) & ~high;
        }
        if (image_read(i, e->hash, head, sizeof(head)) < 0 || !head[0])
                return -ENOENT;
        uint32_t index = image_u32(i, e->hash + 8 + 4ull * (hash % head[0]));
        for (size_t n = 0; n < MOST_CHAIN && index && index < head[1]; n++) {
                if (try_symbol(i, e, index, name, ret_address))
                        return 0;
                index = image_u32(i, e->hash + 8 + 4ull * head[0] + 4ull * index);
        }
        return -ENOENT;
}

int live_elf_symbol(struct image *i, const struct live_elf *e, const char *name, uint64_t *ret_address)
{
        if (strlen(name) >= LONGEST_SYMBOL)
                return -ENOENT;
        return e->gnu_hash ? find_gnu(i, e, name, ret_address) : find_sysv(i, e, name, ret_address);
}
