/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Archives of the root, read in place. */

#include "format/zip.h"
#include "inventory/reader.h"

/* Not to be moved: its source points into it. */
struct archive {
        int fd;
        struct inventory *inv;
        struct zip_source source; /* -ETIME where the inventory is late */
        struct zip zip;           /* of archive_open_zip only */
};

/* Its bytes; or its directory as well. 0 or -errno. */
int archive_open(struct inventory *inv, const char *path, struct archive *ret);
int archive_open_zip(struct inventory *inv, const char *path, struct archive *ret);
void archive_done(struct archive *a);
#define _cleanup_archive_ _cleanup_(archive_done)
/* The entry's bytes, out of those that all archives of the root may unpack to together. What is left out (too
 * large, no room or time, damaged) is told as "WHERE!/NAME: why". 0 or -errno. */
int archive_read(struct inventory *inv, const char *where, const struct zip *z, const struct zip_entry *entry,
                 struct buf *to);
/* Say that it could not be read (r < 0), which is no failure of the reader. 0 or -ENOMEM. */
int archive_result(struct inventory *inv, const char *path, int r);
