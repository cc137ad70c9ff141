/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An SQLite database of a foreign root, read through a descriptor that was opened inside of it. */

#include "base/str.h"

/* The columns of one row, as text or bytes; NULL columns are empty. They are valid until it returns: 0, or
 * what ends the walk. */
typedef int (*sqlite_row)(void *context, const struct span *columns);

/* Rows of the query, at most SQLITE_COLUMNS columns each. 0, what the handler returned, -EBADMSG (no
 * database, a damaged one, one without that table, one that computes for ever) or -ENOMEM. The descriptor is
 * borrowed. */
enum { SQLITE_COLUMNS = 4 };
int sqlite_file_query(int fd, const char *query, sqlite_row handler, void *context);
