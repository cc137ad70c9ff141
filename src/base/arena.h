/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Memory with one lifetime: everything that one look at one root, or one match, allocates is freed
 * together. Born with a limit; when it is reached, allocation fails like memory that is out. */

#include "base/macro.h"

struct arena {
        struct arena_block *blocks;
        size_t used, limit; /* bytes handed out; most that may be */
};

#define ARENA_INIT(limit_) ((struct arena){.limit = (limit_)})
#define _cleanup_arena_    _cleanup_(arena_done)

void arena_done(struct arena *a);
void *arena_alloc(struct arena *a, size_t size);                  /* zeroed, 16-aligned; NULL: out */
char *arena_strndup(struct arena *a, const char *s, size_t size); /* NUL-terminated copy; NULL: out */
char *arena_strdup(struct arena *a, const char *s);               /* NULL stays NULL */
char *arena_printf(struct arena *a, const char *format, ...) _printf_(2, 3);
