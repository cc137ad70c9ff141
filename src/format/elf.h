/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Read ELF files from their bytes: identity, what they export and need, sections by name. Little-endian
 * ELF32 and ELF64 (System V ABI, gABI 4.1). Every offset is checked; a lying header yields less, never
 * more, than the bytes hold. */

#include "base/str.h"

struct elf {
        struct span bytes;
        bool wide;              /* 64 bit */
        uint16_t type, machine; /* ET_*, EM_* */
        uint64_t phoff, shoff;
        uint16_t phentsize, phnum, shentsize, shnum, shstrndx;
};

enum { ELF_BUILD_ID = 129 }; /* hex digits of the longest id that is read, and the NUL */

/* 0; -EINVAL: no ELF file; -ENOTSUP: big-endian or an unknown class; -EBADMSG: too short. The bytes are
 * borrowed. A prefix of a file works for what lies within it. */
int elf_open(struct span bytes, struct elf *ret);
/* Lower-case hex of the GNU build-id note; it is looked for in 16 segments. 0, or -ENOENT. */
int elf_build_id(const struct elf *e, char ret[static ELF_BUILD_ID]);
/* DT_SONAME, or an empty span. */
struct span elf_soname(const struct elf *e);
/* Contents of the first section of that name. 0, or -ENOENT. */
int elf_section(const struct elf *e, const char *name, struct span *ret);
/* Whether there is one, be it without contents in the file. */
bool elf_has_section(const struct elf *e, const char *name);
/* Bytes from a virtual address on, as far as the file holds them. 0, or -ENOENT. */
int elf_at_address(const struct elf *e, uint64_t address, struct span *ret);
/* Where in the file the byte at an address of an executable segment lies. 0, or -ENOENT. */
int elf_code_offset(const struct elf *e, uint64_t address, uint64_t *ret_offset);
/* The executable segments, as far as the file holds them: at most `most`. */
struct elf_code {
        uint64_t address, offset, size;
};
size_t elf_code_parts(const struct elf *e, struct elf_code *to, size_t most);
/* The virtual address of the byte at an offset of the file, or 0. */
uint64_t elf_address(const struct elf *e, uint64_t offset);
/* What the file holds of its first segment of that type (PT_*). 0, or -ENOENT. */
int elf_segment(const struct elf *e, uint32_t type, struct span *ret);
/* What the file holds of its first writable segment. 0, or -ENOENT. */
int elf_data(const struct elf *e, struct span *ret);
/* Call for each defined symbol of .dynsym until it returns non-zero, which is returned; 0 at the end. At
 * most 1,000,000 are walked; names of more than 4,095 letters are left out. */
typedef int (*elf_symbol_handler)(void *context, const char *name);
int elf_exported(const struct elf *e, elf_symbol_handler handler, void *context);
/* The tables behind it: symbols, and the strings that name them. 0, or -ENOENT. */
int elf_dynamic_symbols(const struct elf *e, struct span *ret_symbols, struct span *ret_strings);
/* The version of each symbol of .dynsym, in two bytes: the bits ELF_VERSION number a definition, the other
 * one hides it from who does not ask for it (LSB Core, 10.7: .gnu.version). 0, or -ENOENT. */
enum { ELF_VERSION = 0x7fff };
int elf_dynamic_versions(const struct elf *e, struct span *ret);
/* The number of a version that the file defines (.gnu.version_d), or 0. */
uint16_t elf_version_number(const struct elf *e, const char *name);
