/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The slots of an ELF file that the loader binds when they are used first (gABI 4.1, DT_JMPREL; psABI x86-64
 * and AArch64, *_JUMP_SLOT). */

#include "format/elf.h"

/* Call for the name of each until it returns non-zero, which is returned; 0 at the end, and where the file
 * asks for all to be bound when it is loaded. -ENOTSUP: of a class or machine that is not known; -EBADMSG: it
 * says that there are some, and does not hold them. At most 65,536 are walked; names of more than 4,095
 * letters, of which no trace in memory is read either (memory/lazy_slots.h), are left out. Names are
 * borrowed. */
int elf_lazy_slots(const struct elf *e, elf_symbol_handler handler, void *context);
