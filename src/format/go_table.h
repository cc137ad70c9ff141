/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of the table of a Go program's functions: numbers, names and entries. What lies beyond the end of
 * something is zero or empty. */

#include "format/go_functions.h"

static inline uint64_t go_number(struct span s, uint64_t offset, size_t size)
{
        uint64_t value = 0;
        span_number(s, offset, size, &value);
        return value;
}

static inline struct span go_from(struct span s, uint64_t offset)
{
        return offset >= s.size ? (struct span){} : (struct span){s.data + offset, s.size - offset};
}

struct go_entry {
        uint64_t address, end; /* of the code */
        struct span record;    /* struct _func */
};

/* The name at the offset; false: none is there. */
bool go_name_at(const struct go_functions *g, uint64_t offset, struct span *ret);
/* Hand over what was inlined into the function, from Go 1.18 on. What the handler returned. */
int go_inlined_walk(const struct go_functions *g, const struct go_entry *e, go_function_handler handler,
                    void *context);
