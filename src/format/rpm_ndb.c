/* SPDX-License-Identifier: Apache-2.0 */

/* The file begins with pages of slots, each of which says where a blob lies and how many blocks it takes. The
 * blob says again whose it is and how long; both must agree. */

#include "format/rpm_database.h"

#include <errno.h>

enum {
        PAGE = 4096,
        SLOT = 16,
        BLOCK = 16,
        HEAD = 16, /* of a blob: magic, package, generation, length */
        MOST_PAGES = 16384,
        MOST_BYTES = 64 << 20,
};

#define MAGIC_FILE 0x506d7052u /* "RpmP" */
#define MAGIC_SLOT 0x746f6c53u /* "Slot" */
#define MAGIC_BLOB 0x53626c42u /* "BlbS" */

static uint32_t little(const unsigned char *at)
{
        return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static int read_blob(const struct rpm_source *source, const unsigned char *slot, struct buf *blob,
                     rpm_blob_handler handler, void *context)
{
        unsigned char head[HEAD];
        uint64_t offset = (uint64_t)little(slot + 8) * BLOCK, room = (uint64_t)little(slot + 12) * BLOCK;
        if (room < HEAD || offset > source->size || room > source->size - offset)
                return -EBADMSG;
        int r = source->read(source->context, offset, head, sizeof(head));
        if (r < 0)
                return r;
        uint32_t size = little(head + 12);
        if (little(head) != MAGIC_BLOB || little(head + 4) != little(slot + 4) || size > room - HEAD)
                return -EBADMSG;
        if (size > MOST_BYTES)
                return -EFBIG;
        buf_clear(blob);
        char *to = buf_reserve(blob, size);
        if (!to)
                return blob->error;
        r = source->read(source->context, offset + HEAD, to, size);
        if (r < 0)
                return r;
        buf_grow(blob, size);
        return handler(context, (struct span){blob->data, size});
}

int rpm_ndb_walk(const struct rpm_source *source, rpm_blob_handler handler, void *context)
{
        unsigned char page[PAGE];
        _cleanup_buf_ struct buf blob = BUF_INIT(MOST_BYTES);
        bool damaged = false;
        if (source->size < PAGE)
                return -EINVAL;
        int r = source->read(source->context, 0, page, sizeof(page));
        if (r < 0)
                return r;
        uint32_t pages = little(page + 12);
        if (little(page) != MAGIC_FILE || little(page + 4) != 0 || !pages || pages > MOST_PAGES ||
            (uint64_t)pages * PAGE > source->size)
                return -EINVAL;
        for (uint32_t i = 0; i < pages; i++) {
                r = source->read(source->context, (uint64_t)i * PAGE, page, sizeof(page));
                if (r < 0)
                        return r;
                for (size_t at = i ? 0 : 2 * SLOT; at < PAGE; at += SLOT) {
                        const unsigned char *slot = page + at;
                        if (little(slot) != MAGIC_SLOT)
                                return -EBADMSG;
                        if (!little(slot + 4) || !little(slot + 8))
                                continue; /* free */
                        r = read_blob(source, slot, &blob, handler, context);
                        if (r == -EBADMSG)
                                damaged = true;
                        else if (r)
                                return r;
                }
        }
        return damaged ? -EBADMSG : 0;
}
