/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Text for terminals: columns are counted in characters, foreign names cannot send escapes, colours are
 * only there where the style wants them. */

#include "base/buf.h"
#include "report/report.h"

enum text_colour { TEXT_PLAIN, TEXT_BOLD, TEXT_DIM, TEXT_RED, TEXT_YELLOW, TEXT_GREEN };

/* Columns that the string takes on a terminal. */
size_t text_columns(const char *s);
/* The string made printable and cut to `columns`, "…" at the cut, then blanks up to `columns` if `pad`. */
void text_cell(struct buf *to, const char *s, size_t columns, bool pad);
/* "name version" in exactly `columns`: where it is too long, the middle of the name gives way, and the
 * version stays whole while there is room for it. */
void text_versioned(struct buf *to, const char *name, const char *version, size_t columns);
void text_right(struct buf *to, const char *s, size_t columns);
void text_colour(struct buf *to, const struct table_style *style, enum text_colour colour);
void text_blanks(struct buf *to, size_t count);
/* Words of the string, filled to the width; lines after the first begin with `indent` blanks. `used`
 * columns of the first line are taken already. Ends with a line end. */
void text_fill(struct buf *to, const char *s, size_t used, size_t indent, size_t width);
/* "3,212" */
enum { TEXT_NUMBER = 32 };
char *text_number(uint64_t value, char to[static TEXT_NUMBER]);
/* "Act", "Attend", "Track*", "Track" */
const char *text_decision(enum decision decision);
enum text_colour text_decision_colour(enum decision decision);
/* Which version mends it, or why none does. */
const char *text_fix(const struct bug *b, const char *not_fixed);
