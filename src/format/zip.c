/* SPDX-License-Identifier: Apache-2.0 */
/* The central directory is the archive: local headers are only skipped over, so both cannot tell
 * different stories. Bombs that let entries share bytes are seen because all packed sizes together then
 * exceed the archive; plain ones meet the caller's limit while inflating. */
#include "format/zip.h"

#include <errno.h>
#include <zlib.h>

enum {
        END_SIZE = 22,
        END64_SIZE = 56,
        LOCATOR_SIZE = 20,
        CENTRAL_SIZE = 46,
        LOCAL_SIZE = 30,
        COMMENT_MAX = 65535,
        DIRECTORY_MAX = 256 << 20,
        INFLATE_CHUNK = 64 * 1024,
};

static uint16_t le16(const uint8_t *at)
{
        return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t le32(const uint8_t *at)
{
        return le16(at) | (uint32_t)le16(at + 2) << 16;
}

static uint64_t le64(const uint8_t *at)
{
        return le32(at) | (uint64_t)le32(at + 4) << 32;
}

static int source_read(const struct zip_source *s, uint64_t offset, void *to, size_t size)
{
        if (offset > s->size || size > s->size - offset)
                return -EBADMSG;
        return s->read(s->context, offset, to, size);
}

struct zip_end {
        uint64_t at; /* offset of the first end record, where the directory must have ended */
        uint64_t count, size, offset;
};

static int end64_read(const struct zip_source *s, uint64_t end_at, struct zip_end *end)
{
        uint8_t locator[LOCATOR_SIZE], record[END64_SIZE];
        if (end_at < LOCATOR_SIZE)
                return 0;
        int r = source_read(s, end_at - LOCATOR_SIZE, locator, sizeof(locator));
        if (r < 0 || le32(locator) != 0x07064b50)
                return r;
        uint64_t at = le64(locator + 8);
        r = source_read(s, at, record, sizeof(record));
        if (r == 0 && le32(record) != 0x06064b50)
                r = -EBADMSG;
        if (r < 0) {
                /* Bytes in front of the archive shift the record: it lies right before its locator. */
                if (end_at < LOCATOR_SIZE + END64_SIZE)
                        return r;
                at = end_at - LOCATOR_SIZE - END64_SIZE;
                r = source_read(s, at, record, sizeof(record));
                if (r < 0 || le32(record) != 0x06064b50)
                        return r < 0 ? r : -EBADMSG;
        }
        *end = (struct zip_end){at, le64(record + 32), le64(record + 40), le64(record + 48)};
        return 0;
}

/* The end record is the last one whose comment reaches exactly to the end of the file. */
static int end_find(const struct zip_source *s, struct zip_end *ret)
{
        size_t size = (size_t)MIN(s->size, (uint64_t)END_SIZE + COMMENT_MAX);
        _cleanup_free_ uint8_t *tail = malloc(size + 1);
        if (!tail)
                return -ENOMEM;
        if (size < END_SIZE)
                return -EBADMSG;
        int r = source_read(s, s->size - size, tail, size);
        if (r < 0)
                return r;
        for (size_t at = size - END_SIZE + 1; at-- > 0;) {
                const uint8_t *record = tail + at;
                if (le32(record) != 0x06054b50 || at + END_SIZE + le16(record + 20) != size)
                        continue;
                *ret = (struct zip_end){s->size - size + at, le16(record + 10), le32(record + 12),
                                        le32(record + 16)};
                return end64_read(s, ret->at, ret);
        }
        return -EBADMSG;
}

static bool extra64(struct span extra, bool want_size, bool want_packed, bool want_offset,
                    struct zip_entry *entry)
{
        const uint8_t *at = (const uint8_t *)extra.data, *end = at + extra.size;
        while (end - at >= 4) {
                size_t size = le16(at + 2);
                const uint8_t *field = at + 4;
                if ((size_t)(end - field) < size)
                        return false;
                if (le16(at) == 1) {
                        size_t need = 8 * ((size_t)want_size + want_packed + want_offset);
                        if (size < need)
                                return false;
                        if (want_size)
                                entry->size = le64(field);
                        if (want_packed)
                                entry->packed = le64(field + 8 * want_size);
                        if (want_offset)
                                entry->offset = le64(field + 8 * ((size_t)want_size + want_packed));
                        return true;
                }
                at = field + size;
        }
        return false;
}

int zip_next(const struct zip *z, uint64_t *iterator, struct zip_entry *ret)
{
        size_t left = z->directory.size - *iterator;
        if (!left)
                return 0; /* an empty directory has no bytes at all */
        const uint8_t *at = (const uint8_t *)z->directory.data + *iterator;
        if (left < CENTRAL_SIZE || le32(at) != 0x02014b50)
                return -EBADMSG;
        size_t name = le16(at + 28), extra = le16(at + 30), comment = le16(at + 32);
        if (left - CENTRAL_SIZE < name + extra + comment)
                return -EBADMSG;
        struct zip_entry entry = {
                .name = {(const char *)at + CENTRAL_SIZE, name},
                .method = le16(at + 10),
                .encrypted = le16(at + 8) & 1,
                .crc = le32(at + 16),
                .packed = le32(at + 20),
                .size = le32(at + 24),
                .offset = le32(at + 42),
        };
        bool size64 = entry.size == UINT32_MAX, packed64 = entry.packed == UINT32_MAX,
             offset64 = entry.offset == UINT32_MAX;
        if ((size64 || packed64 || offset64) &&
            !extra64((struct span){entry.name.data + name, extra}, size64, packed64, offset64, &entry))
                return -EBADMSG;
        if (entry.offset > z->limit || z->limit - entry.offset < LOCAL_SIZE ||
            entry.packed > z->limit - entry.offset - LOCAL_SIZE)
                return -EBADMSG;
        *iterator += CENTRAL_SIZE + name + extra + comment;
        *ret = entry;
        return 1;
}

static int zip_check(const struct zip *z)
{
        struct zip_entry entry;
        uint64_t iterator = 0, count = 0, room = z->limit;
        int r;
        while ((r = zip_next(z, &iterator, &entry)) > 0) {
                uint64_t least = LOCAL_SIZE + entry.packed;
                if (least > room)
                        return -EBADMSG;
                room -= least;
                count++;
        }
        return r < 0 ? r : count == z->count ? 0 : -EBADMSG;
}

int zip_open(const struct zip_source *source, struct zip *ret)
{
        struct zip_end end;
        int r = end_find(source, &end);
        if (r < 0)
                return r;
        if (end.size > end.at || end.offset > end.at - end.size)
                return -EBADMSG;
        if (end.size > DIRECTORY_MAX)
                return -EFBIG;
        _cleanup_zip_ struct zip z = {
                .source = *source,
                .directory = BUF_INIT(DIRECTORY_MAX + 1),
                .base = end.at - end.size - end.offset,
                .limit = end.offset,
                .count = end.count,
        };
        if (end.size) {
                char *to = buf_reserve(&z.directory, end.size);
                if (!to)
                        return z.directory.error;
                r = source_read(source, end.at - end.size, to, end.size);
                if (r < 0)
                        return r;
                buf_grow(&z.directory, end.size);
        }
        r = zip_check(&z);
        if (r < 0)
                return r;
        *ret = z;
        z.directory = (struct buf){};
        return 0;
}

void zip_done(struct zip *z)
{
        buf_done(&z->directory);
}

static int read_stored(const struct zip *z, uint64_t offset, uint64_t size, struct buf *to)
{
        if (size > to->limit - to->size)
                return -EFBIG;
        char *at = buf_reserve(to, size);
        if (!at)
                return to->error;
        int r = source_read(&z->source, offset, at, size);
        if (r == 0)
                buf_grow(to, size);
        return r;
}

struct inflater {
        z_stream stream;
        uint8_t in[INFLATE_CHUNK];
};

static int inflate_some(const struct zip *z, struct inflater *i, uint64_t *offset, uint64_t *left,
                        struct buf *to)
{
        if (!i->stream.avail_in && *left) {
                size_t size = (size_t)MIN(*left, (uint64_t)sizeof(i->in));
                int r = source_read(&z->source, *offset, i->in, size);
                if (r < 0)
                        return r;
                *offset += size;
                *left -= size;
                i->stream.next_in = i->in;
                i->stream.avail_in = (uInt)size;
        }
        size_t room = MIN(to->limit - to->size, (size_t)INFLATE_CHUNK);
        uint8_t over; /* with no room left, one more byte of output means too much */
        char *at = room ? buf_reserve(to, room) : (char *)&over;
        if (!at)
                return to->error;
        i->stream.next_out = (Bytef *)at;
        i->stream.avail_out = room ? (uInt)room : 1;
        int status = inflate(&i->stream, Z_NO_FLUSH);
        if (!room && !i->stream.avail_out)
                return -EFBIG;
        if (room)
                buf_grow(to, room - i->stream.avail_out);
        if (status == Z_STREAM_END)
                return 1;
        if (status != Z_OK && status != Z_BUF_ERROR)
                return status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
        return status == Z_BUF_ERROR && !*left && !i->stream.avail_in ? -EBADMSG : 0;
}

static int read_deflated(const struct zip *z, uint64_t offset, uint64_t packed, struct buf *to)
{
        struct inflater i = {};
        if (inflateInit2(&i.stream, -MAX_WBITS) != Z_OK)
                return -ENOMEM;
        int r;
        do
                r = inflate_some(z, &i, &offset, &packed, to);
        while (r == 0);
        inflateEnd(&i.stream);
        return MIN(r, 0);
}

int zip_data_offset(const struct zip *z, const struct zip_entry *entry, uint64_t *ret)
{
        uint8_t local[LOCAL_SIZE];
        int r = source_read(&z->source, z->base + entry->offset, local, sizeof(local));
        if (r < 0)
                return r;
        uint64_t start = entry->offset + LOCAL_SIZE + le16(local + 26) + le16(local + 28);
        if (le32(local) != 0x04034b50 || start > z->limit || entry->packed > z->limit - start)
                return -EBADMSG;
        *ret = z->base + start;
        return 0;
}

int zip_read(const struct zip *z, const struct zip_entry *entry, struct buf *to)
{
        if (entry->encrypted || (entry->method != 0 && entry->method != 8))
                return -ENOTSUP;
        uint64_t start;
        int r = zip_data_offset(z, entry, &start);
        if (r < 0)
                return r;
        size_t before = to->size;
        r = entry->method == 8 ? read_deflated(z, start, entry->packed, to)
                               : read_stored(z, start, entry->packed, to);
        if (r < 0)
                return r;
        size_t size = to->size - before;
        const Bytef *bytes = (const Bytef *)to->data + before;
        return size == entry->size && (!size || crc32(0, bytes, (uInt)size) == entry->crc) ? 0 : -EBADMSG;
}
