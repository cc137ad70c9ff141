/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where functions begin and end, by the tables that unwind the stack (.eh_frame: Linux Standard Base Core 5.0
 * §10.6; encodings: §10.5). Linkers keep them in stripped files. They give no names; a part of a function
 * that was laid elsewhere (.cold) has an entry of its own, and so has each table of PLT stubs. */

#include "format/elf.h"

struct elf_frame {
        uint64_t address, size; /* virtual address of code that the file holds; bytes, never 0 */
};

/* Called for each entry in the order of the file until it returns non-zero, which is returned. At most
 * 1,000,000 are walked. 0 at the end; -ENOENT: there is no table; -EBADMSG: damaged or too long, what could
 * be read was told. */
typedef int (*elf_frame_handler)(void *context, const struct elf_frame *f);
int elf_frames(const struct elf *e, elf_frame_handler handler, void *context);
