/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Archives of the root, read in place. */

#include "format/zip.h"
#include "inventory/reader.h"

/* Not to be moved: its source points into it. */
struct archive {
        int fd;
        struct zip_source source;
        struct zip zip; /* of archive_open_zip only */
};

/* Its bytes; or its directory as well. 0 or -errno. */
int archive_open(struct inventory *inv, const char *path, struct archive *ret);
int archive_open_zip(struct inventory *inv, const char *path, struct archive *ret);
void archive_done(struct archive *a);
#define _cleanup_archive_ _cleanup_(archive_done)
/* Say that it could not be read (r < 0), which is no failure of the reader. 0 or -ENOMEM. */
int archive_result(struct inventory *inv, const char *path, int r);
