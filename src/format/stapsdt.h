/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Probes that programs bring along (USDT): notes that name a no-operation in the code (SystemTap,
 * sys/sdt.h: _SDT_NOTE; note name "stapsdt", type 3). */

#include "format/elf.h"

struct stapsdt_probe {
        struct span provider, name;
        uint64_t address;   /* of the instruction */
        uint64_t semaphore; /* address of the word that is counted up while somebody watches; 0: none */
};
/* Called for each probe until it returns non-zero, which is returned; 0 at the end. At most 100,000 notes are
 * walked, up to the first that is damaged. */
typedef int (*stapsdt_handler)(void *context, const struct stapsdt_probe *probe);
int stapsdt_walk(const struct elf *e, stapsdt_handler handler, void *context);
