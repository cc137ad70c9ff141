/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One function that a record names, as a line of the column `symbols` (schema in open.c): kind, container,
 * function, versions, platforms, separated by tabs; the last two only where they are limits. Private to
 * src/advisory. */

#include "advisory/advisory.h"
#include "advisory/range.h"

struct symbol_line {
        struct span kind, container, function;
        struct span versions, platforms; /* as in struct osv_symbol; empty: all */
};

void symbol_line_write(struct buf *to, const struct osv_symbol *symbol, const char *kind);
/* The next line; false at the end. Broken ones are passed over. */
bool symbol_line_next(struct span *rest, struct symbol_line *ret);
/* The same as strings, in the arena. 0 or -ENOMEM. */
int symbol_copy(const struct symbol_line *l, const char *source, struct arena *a, struct symbol *ret);
/* Whether it speaks of this version, on Linux on this kind of machine. */
bool symbol_line_applies(const struct symbol_line *l, const struct version_scheme *scheme,
                         struct span version);
