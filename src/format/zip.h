/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reading zip archives that may be crafted (APPNOTE 6.3.10): central directory only, zip64, archives with
 * bytes in front (executable jars). Stored and deflated entries. Bytes come through a callback, so that
 * archives of any size and archives inside archives are read in place. */

#include "base/buf.h"
#include "base/str.h"

struct zip_source {
        /* Fill `to` with exactly `size` bytes from `offset` (both lie within `size` below). 0 or -errno. */
        int (*read)(void *context, uint64_t offset, void *to, size_t size);
        void *context;
        uint64_t size; /* bytes of the archive */
};

struct zip {
        struct zip_source source;
        struct buf directory; /* the central directory */
        uint64_t base;        /* bytes in front of the archive */
        uint64_t limit;       /* where the central directory starts: entries end before it */
        uint64_t count;       /* entries */
};

struct zip_entry {
        struct span name; /* valid until zip_done; not NUL-terminated, any bytes */
        uint16_t method;  /* 0 stored, 8 deflated */
        bool encrypted;
        uint32_t crc;
        uint64_t packed, size; /* bytes in the archive; bytes unpacked, as claimed */
        uint64_t offset;       /* of the local header, from the archive's first byte */
};

/* 0, -EBADMSG (not a zip, truncated, entries that overlap), -EFBIG (directory above 256 MiB), -ENOMEM or
 * what the source says. */
int zip_open(const struct zip_source *source, struct zip *ret);
void zip_done(struct zip *z);
#define _cleanup_zip_ _cleanup_(zip_done)

/* Walk: start with *iterator = 0. 1: an entry, 0: the end, -EBADMSG. */
int zip_next(const struct zip *z, uint64_t *iterator, struct zip_entry *ret);

/* Where in the source the entry's packed bytes begin. 0, -EBADMSG or what the source says. */
int zip_data_offset(const struct zip *z, const struct zip_entry *entry, uint64_t *ret);
/* Append the entry's bytes, at most what the buffer's limit leaves (-EFBIG; nothing is inflated beyond
 * it). -EBADMSG: damaged (also a wrong CRC), -ENOTSUP: encrypted or another method. */
int zip_read(const struct zip *z, const struct zip_entry *entry, struct buf *to);
