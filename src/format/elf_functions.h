/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The functions that an ELF file names (gABI 4.1, chapter 4 "Symbol Table"): .dynsym, .symtab, and the small
 * ELF file in .gnu_debugdata that distributions leave in stripped programs (GDB manual, "MiniDebugInfo"). */

#include "base/buf.h"
#include "format/elf.h"

struct elf_function {
        const char *name;       /* as it stands in the table; valid as long as the bytes */
        uint64_t address, size; /* virtual address; size 0 where the table does not know it */
        uint16_t version;       /* number of the version that is exported; 0: not known */
        bool local;             /* STB_LOCAL: of one source file */
        bool repeated;          /* not STB_GLOBAL: other source files may have the same code, of one header */
        bool exported;          /* from .dynsym: other files may call it */
        bool chosen;            /* STT_GNU_IFUNC: the address is that of the function which chooses one */
};

/* Called for each defined function until it returns non-zero, which is returned. The same function may come
 * from both tables. At most 4,000,000 entries are walked. */
typedef int (*elf_function_handler)(void *context, const struct elf_function *f);
int elf_functions(const struct elf *e, elf_function_handler handler, void *context);

/* Whether the table that names every function is there (.symtab), be it that of a debug file. */
bool elf_has_all_symbols(const struct elf *e);
/* Whether the file was made by a linker that can give identical functions one code (gold, lld, mold; GNU ld
 * cannot), as far as it says so: in .comment, or by sections of its own. */
bool elf_may_be_folded(const struct elf *e);

/* Unpack .gnu_debugdata, an ELF file itself. 0; -ENOENT: there is none; -EBADMSG: damaged; -EFBIG: more than
 * the buffer may hold; -ENOMEM. */
int elf_mini_debug(const struct elf *e, struct buf *to);
/* The name of the separate debug file, from .gnu_debuglink, and the CRC-32 of its content. 0 or -ENOENT. */
int elf_debug_link(const struct elf *e, struct span *ret_name, uint32_t *ret_crc);
