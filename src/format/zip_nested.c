/* SPDX-License-Identifier: Apache-2.0 */
/* An archive is read from its end, a deflated stream only from its start. So the first way to the end leaves
 * copies of the decompressor's state behind it (about 40 KiB each, a fixed number of them); every later
 * read starts from the nearest one in front of it. */
#include "format/zip_nested.h"

#include <errno.h>
#include <zlib.h>

enum { CHUNK = 32 * 1024, MOST_MARKS = 32, LEAST_STEP = 1 << 20 };

/* The decompressor at one place. */
struct place {
        z_stream stream;
        bool live;
        uint64_t in, out; /* packed bytes that were fed; bytes that came out */
};

struct zip_nested {
        const struct zip_source *source;
        uint64_t start, packed, size;
        bool deflated;
        uint64_t *budget;
        struct place at;
        struct place marks[MOST_MARKS];
        size_t mark_count;
        uint64_t step; /* bytes between marks */
        uint8_t in[CHUNK], waste[CHUNK];
};

static void place_done(struct place *p)
{
        if (p->live)
                inflateEnd(&p->stream);
        *p = (struct place){};
}

/* What zlib holds back of the input chunk is fed again, so that a place stands on its own. */
static int place_copy(struct place *to, struct place *from)
{
        place_done(to);
        int r = inflateCopy(&to->stream, &from->stream);
        if (r != Z_OK)
                return -ENOMEM;
        to->in = from->in - from->stream.avail_in;
        to->stream.avail_in = 0;
        to->stream.next_in = NULL;
        to->out = from->out;
        to->live = true;
        return 0;
}

/* Inflate `size` bytes to `to`, or nowhere with NULL. */
static int advance(struct zip_nested *n, uint8_t *to, size_t size)
{
        struct place *p = &n->at;
        while (size) {
                if (!p->stream.avail_in) {
                        size_t more = (size_t)MIN(n->packed - p->in, (uint64_t)CHUNK);
                        if (!more)
                                return -EBADMSG;
                        int r = n->source->read(n->source->context, n->start + p->in, n->in, more);
                        if (r < 0)
                                return r;
                        p->in += more;
                        p->stream.next_in = n->in;
                        p->stream.avail_in = (uInt)more;
                }
                size_t room = MIN(size, (size_t)CHUNK);
                p->stream.next_out = to ? to : n->waste;
                p->stream.avail_out = (uInt)room;
                int status = inflate(&p->stream, Z_NO_FLUSH);
                size_t got = room - p->stream.avail_out;
                if (got > *n->budget)
                        return -EFBIG;
                *n->budget -= got;
                p->out += got;
                size -= got;
                if (to)
                        to += got;
                if (status == Z_MEM_ERROR)
                        return -ENOMEM;
                if ((status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END) ||
                    (status == Z_STREAM_END && size))
                        return -EBADMSG;
        }
        return 0;
}

static int rewind_to(struct zip_nested *n, uint64_t offset)
{
        struct place *from = NULL;
        for (size_t i = 0; i < n->mark_count && n->marks[i].out <= offset; i++)
                from = &n->marks[i];
        if (n->at.live && n->at.out <= offset && (!from || from->out <= n->at.out))
                return 0;
        if (from)
                return place_copy(&n->at, from);
        place_done(&n->at);
        if (inflateInit2(&n->at.stream, -MAX_WBITS) != Z_OK)
                return -ENOMEM;
        n->at.live = true;
        return 0;
}

static int read_deflated(void *context, uint64_t offset, void *to, size_t size)
{
        struct zip_nested *n = context;
        int r = rewind_to(n, offset);
        while (r == 0 && n->at.out < offset) {
                uint64_t last = n->mark_count ? n->marks[n->mark_count - 1].out : 0, next = last + n->step;
                if (n->at.out == next && n->mark_count < MOST_MARKS)
                        r = place_copy(&n->marks[n->mark_count++], &n->at);
                uint64_t stop = n->at.out < next && next < offset ? next : offset;
                if (r == 0)
                        r = advance(n, NULL, (size_t)(stop - n->at.out));
        }
        if (r == 0)
                r = advance(n, to, size);
        if (r < 0)
                place_done(&n->at);
        return r;
}

static int read_stored(void *context, uint64_t offset, void *to, size_t size)
{
        const struct zip_nested *n = context;
        return n->source->read(n->source->context, n->start + offset, to, size);
}

int zip_nested_open(const struct zip *outer, const struct zip_entry *entry, uint64_t *budget,
                    struct zip_nested **ret)
{
        if (entry->encrypted || (entry->method != 0 && entry->method != 8))
                return -ENOTSUP;
        if (entry->method == 0 && entry->packed != entry->size)
                return -EBADMSG;
        uint64_t start;
        int r = zip_data_offset(outer, entry, &start);
        if (r < 0)
                return r;
        struct zip_nested *n = calloc(1, sizeof(*n));
        if (!n)
                return -ENOMEM;
        n->source = &outer->source;
        n->start = start;
        n->packed = entry->packed;
        n->size = entry->size;
        n->deflated = entry->method == 8;
        n->budget = budget;
        n->step = MAX(entry->size / MOST_MARKS, (uint64_t)LEAST_STEP);
        *ret = n;
        return 0;
}

struct zip_nested *zip_nested_free(struct zip_nested *n)
{
        if (!n)
                return NULL;
        place_done(&n->at);
        for (size_t i = 0; i < n->mark_count; i++)
                place_done(&n->marks[i]);
        free(n);
        return NULL;
}

struct zip_source zip_nested_source(struct zip_nested *n)
{
        return (struct zip_source){n->deflated ? read_deflated : read_stored, n, n->size};
}
