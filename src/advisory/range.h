/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Affected ranges as text (see the schema in open.c), and whether a version lies in them. */

#include "base/buf.h"
#include "base/vec.h"
#include "format/osv.h"
#include "format/version.h"

/* Write the record's ranges, each sorted by the ecosystem's order (scheme may be NULL: as given). Events
 * whose version has no place in the order err on the side of "affected", and set *ret_doubt. 0 or -ENOMEM. */
int range_write(const struct osv_affected *affected, const struct version_scheme *scheme, struct buf *to,
                bool *ret_doubt);
/* Whether the valid version lies in one of the ranges. */
bool range_contains(struct span ranges, const struct version_scheme *scheme, struct span version);
/* Whether the version lies in what a record of the own symbol table speaks for: ranges ">=A <B" (or ">",
 * "<=", one side alone, "all") joined by " | ". What cannot be compared lies in none. */
bool range_text_contains(struct span ranges, const struct version_scheme *scheme, struct span version);
/* Next line of a list stored as lines; false at the end. Empty lines are lines. */
bool line_next(struct span *rest, struct span *ret_line);
