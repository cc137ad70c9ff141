/* SPDX-License-Identifier: Apache-2.0 */

/* All pages are looked at in order instead of hashing keys: each hash page holds pairs of key and data, and
 * data that does not fit lies in a chain of overflow pages. A chain is followed for as many pages as its
 * length needs, so a circle ends. */

#include "format/rpm_database.h"

#include <errno.h>

enum {
        HEAD = 26, /* of a page: lsn, number, previous, next, entries, free or length, level, type */
        META = 72,
        LEAST_PAGE = 512,
        MOST_PAGE = 65536,
        MOST_BYTES = 64 << 20,
        LEAST_HEADER = 8,
        PAGE_HASH_UNSORTED = 2,
        PAGE_OVERFLOW = 7,
        PAGE_HASH_META = 8,
        PAGE_HASH = 13,
        ITEM_DATA = 1,
        ITEM_OFFPAGE = 3,
};

#define MAGIC_HASH 0x00061561u

struct bdb {
        const struct rpm_source *source;
        bool swapped; /* written by a machine of the other byte order */
        uint32_t page_size;
        uint64_t pages;
        struct buf blob;
};

static uint32_t get32(const struct bdb *b, const unsigned char *at)
{
        uint32_t little = (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
        return b->swapped ? __builtin_bswap32(little) : little;
}

static uint16_t get16(const struct bdb *b, const unsigned char *at)
{
        uint16_t little = (uint16_t)(at[1] << 8 | at[0]);
        return b->swapped ? __builtin_bswap16(little) : little;
}

static int read_page(const struct bdb *b, uint64_t number, unsigned char *to)
{
        if (number >= b->pages)
                return -EBADMSG;
        return b->source->read(b->source->context, number * b->page_size, to, b->page_size);
}

/* Data in a chain of pages. */
static int read_chain(struct bdb *b, uint32_t number, uint32_t size, unsigned char *page)
{
        buf_clear(&b->blob);
        if (size > MOST_BYTES)
                return -EFBIG;
        for (uint64_t left = size / (b->page_size - HEAD) + 2; b->blob.size < size; left--) {
                int r = left ? read_page(b, number, page) : -EBADMSG;
                if (r < 0)
                        return r;
                uint32_t held = get16(b, page + 22);
                if (page[25] != PAGE_OVERFLOW || held > b->page_size - HEAD || !held)
                        return -EBADMSG;
                if (buf_add(&b->blob, page + HEAD, MIN((size_t)held, size - b->blob.size)) < 0)
                        return b->blob.error;
                number = get32(b, page + 16);
        }
        return 0;
}

/* One data item of a hash page. */
static int read_item(struct bdb *b, const unsigned char *page, unsigned index, unsigned char *scratch,
                     rpm_blob_handler handler, void *context)
{
        uint32_t at = get16(b, page + HEAD + index * 2), end = get16(b, page + HEAD + (index - 1) * 2);
        if (at < HEAD || at >= b->page_size || end > b->page_size || end <= at)
                return -EBADMSG;
        const unsigned char *item = page + at;
        struct span blob = {(const char *)item + 1, end - at - 1};
        if (item[0] == ITEM_OFFPAGE) {
                if (end - at < 12)
                        return -EBADMSG;
                int r = read_chain(b, get32(b, item + 4), get32(b, item + 8), scratch);
                if (r < 0)
                        return r;
                blob = (struct span){b->blob.data, b->blob.size};
        } else if (item[0] != ITEM_DATA)
                return 0;
        /* The number of the last package is kept under key 0. */
        return blob.size > LEAST_HEADER ? handler(context, blob) : 0;
}

static int walk_pages(struct bdb *b, unsigned char *page, unsigned char *scratch, rpm_blob_handler handler,
                      void *context)
{
        bool damaged = false;
        for (uint64_t i = 1; i < b->pages; i++) {
                int r = read_page(b, i, page);
                if (r < 0)
                        return r;
                if (page[25] != PAGE_HASH && page[25] != PAGE_HASH_UNSORTED)
                        continue;
                unsigned entries = MIN((uint32_t)get16(b, page + 20), (b->page_size - HEAD) / 2);
                for (unsigned index = 1; index < entries; index += 2) {
                        r = read_item(b, page, index, scratch, handler, context);
                        if (r == -EBADMSG)
                                damaged = true;
                        else if (r)
                                return r;
                }
        }
        return damaged ? -EBADMSG : 0;
}

int rpm_bdb_walk(const struct rpm_source *source, rpm_blob_handler handler, void *context)
{
        unsigned char meta[META];
        struct bdb b = {.source = source, .blob = BUF_INIT(MOST_BYTES)};
        if (source->size < META)
                return -EINVAL;
        int r = source->read(source->context, 0, meta, sizeof(meta));
        if (r < 0)
                return r;
        b.swapped = get32(&b, meta + 12) != MAGIC_HASH;
        b.page_size = get32(&b, meta + 20);
        if (get32(&b, meta + 12) != MAGIC_HASH || meta[25] != PAGE_HASH_META || b.page_size < LEAST_PAGE ||
            b.page_size > MOST_PAGE || b.page_size & (b.page_size - 1))
                return -EINVAL;
        if (meta[24])
                return -ENOTSUP; /* encrypted */
        b.pages = source->size / b.page_size;
        _cleanup_free_ unsigned char *page = malloc(b.page_size), *scratch = malloc(b.page_size);
        r = page && scratch ? walk_pages(&b, page, scratch, handler, context) : -ENOMEM;
        buf_done(&b.blob);
        return r;
}
