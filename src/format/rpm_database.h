/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Two of the three files in which rpm keeps the headers of installed packages; the third is SQLite. Read
 * only, through a callback, one header at a time.
 *   NDB ("Packages.db"): slots that point to blobs (rpm, lib/backend/ndb/rpmpkg.c).
 *   Berkeley DB ("Packages", until rpm 4.16): hash pages with overflow chains (Berkeley DB 4.x,
 *   dbinc/db_page.h; the hash access method, type 8 meta page). */

#include "base/buf.h"
#include "base/str.h"

struct rpm_source {
        /* Fill `to` with exactly `size` bytes from `offset` (both lie within `size` below). 0 or -errno. */
        int (*read)(void *context, uint64_t offset, void *to, size_t size);
        void *context;
        uint64_t size; /* bytes of the file */
};

/* One header's bytes, valid during the call. 0, or an error that ends the walk. */
typedef int (*rpm_blob_handler)(void *context, struct span blob);

/* 0; -EINVAL: no such file; -EBADMSG: damaged (what came before was handed out); -EFBIG: a header of more
 * than 64 MiB; -ENOMEM; or what the source or the handler say. */
int rpm_ndb_walk(const struct rpm_source *source, rpm_blob_handler handler, void *context);
int rpm_bdb_walk(const struct rpm_source *source, rpm_blob_handler handler, void *context);
