/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An ELF file around sections, so that a fuzz target changes what is in them and not what leads there. */

#include "base/str.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define WRAPPED_BASE 0x400000ull /* address of the file's first byte */

struct wrapped {
        const char *name;
        struct span data;
};

/* Where in the file, and so behind WRAPPED_BASE, a section begins. */
static inline uint64_t wrapped_offset(const struct wrapped *sections, size_t which)
{
        uint64_t at = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
        for (size_t i = 0; i < which; i++)
                at += (sections[i].data.size + 15) / 16 * 16;
        return at;
}

/* One executable segment holds all of it. Free the bytes; NULL: out of memory. */
static inline char *wrap(const struct wrapped *sections, size_t count, size_t *ret_size)
{
        size_t names = 1 + sizeof(".shstrtab"), at = wrapped_offset(sections, count);
        for (size_t i = 0; i < count; i++)
                names += strlen(sections[i].name) + 1;
        size_t headers = at + (names + 15) / 16 * 16, size = headers + (count + 2) * sizeof(Elf64_Shdr);
        char *bytes = calloc(1, size);
        if (!bytes)
                return NULL;
        Elf64_Ehdr elf = {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                .e_type = ET_EXEC,
                .e_machine = EM_X86_64,
                .e_version = EV_CURRENT,
                .e_phoff = sizeof(Elf64_Ehdr),
                .e_shoff = headers,
                .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 1,
                .e_shentsize = sizeof(Elf64_Shdr),
                .e_shnum = (Elf64_Half)(count + 2),
                .e_shstrndx = (Elf64_Half)(count + 1)};
        Elf64_Phdr segment = {.p_type = PT_LOAD,
                              .p_flags = PF_R | PF_X,
                              .p_vaddr = WRAPPED_BASE,
                              .p_filesz = size,
                              .p_memsz = size,
                              .p_align = 4096};
        memcpy(bytes, &elf, sizeof(elf));
        memcpy(bytes + sizeof(elf), &segment, sizeof(segment));
        size_t name = 1;
        for (size_t i = 0; i <= count; i++) {
                const char *text = i < count ? sections[i].name : ".shstrtab";
                uint64_t offset = wrapped_offset(sections, i);
                Elf64_Shdr h = {.sh_name = (Elf64_Word)name,
                                .sh_type = i < count ? SHT_PROGBITS : SHT_STRTAB,
                                .sh_addr = WRAPPED_BASE + offset,
                                .sh_offset = offset,
                                .sh_size = i < count ? sections[i].data.size : names,
                                .sh_addralign = 1};
                memcpy(bytes + headers + (i + 1) * sizeof(h), &h, sizeof(h));
                memcpy(bytes + at + name, text, strlen(text));
                name += strlen(text) + 1;
                if (i < count && sections[i].data.size)
                        memcpy(bytes + offset, sections[i].data.data, sections[i].data.size);
        }
        *ret_size = size;
        return bytes;
}
