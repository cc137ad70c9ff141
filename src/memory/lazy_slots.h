/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The slots by which an object calls functions of others, as far as they are bound by the first call:
 * DT_JMPREL (gABI 4.1; psABI x86-64 and AArch64, "Procedure Linkage Table"). A slot that is not bound yet
 * points back to the code that would bind it, which is in the object itself. 64 bit only. */

#include "memory/image.h"

struct lazy_slot_handler {
        void *context;
        /* Whether a slot that leads there is of interest: asked first, names are dear to read. */
        bool (*wants)(void *context, uint64_t address);
        /* It is bound: some code of the object has called `name`. The address is where it went. */
        int (*bound)(void *context, const char *name, uint64_t address);
};

/* Tell the wanted bound slots of the object whose file is mapped from offset 0 at `start`, until `bound`
 * returns non-zero, which is returned. An object without a single slot that still waits may have been bound
 * as a whole when it was loaded (BIND_NOW, RTLD_NOW): nothing is told of it. 0; -EINVAL: no such object;
 * -ENOTSUP: another machine. */
int lazy_slots_walk(struct image *i, uint64_t start, const struct lazy_slot_handler *handler);
