/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a mapped ELF object exports, read from the memory of the process that maps it: neither the file's
 * name nor its presence matters. System V ABI (gABI 4.1) and the GNU hash section. 64 bit only. */

#include "memory/image.h"

struct live_elf {
        uint64_t start, end; /* addresses of its first and behind its last segment */
        uint64_t bias;       /* added to the addresses in the file */
        uint64_t symbols, strings, gnu_hash, hash;
        uint64_t strings_size;
        uint64_t slots, slots_size; /* DT_JMPREL, DT_PLTRELSZ; 0: none */
        bool bound_at_load;         /* the file asks for it (BIND_NOW) */
        uint16_t machine;           /* EM_* */
};

/* Only where it lies (start, end, bias, machine), which static programs tell as well. 0; -EINVAL: no 64-bit
 * ELF object. */
int live_elf_place(struct image *i, uint64_t start, struct live_elf *ret);
/* `start` is where offset 0 of the file is mapped. 0; -EINVAL: no 64-bit ELF object with dynamic symbols. */
int live_elf_open(struct image *i, uint64_t start, struct live_elf *ret);
/* Address of a defined symbol. 0, or -ENOENT. */
int live_elf_symbol(struct image *i, const struct live_elf *e, const char *name, uint64_t *ret_address);
