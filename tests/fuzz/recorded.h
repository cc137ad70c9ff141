/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A recorded image of a process, as an engine saw it: its areas, and those pages that matter. In the file: a
 * magic word, the count of areas, each with start, end, offset, flags and path; the count of pages, their
 * addresses, and the bytes of all of them deflated. Little-endian words of 8 bytes. */

#include "base/arena.h"
#include "base/file.h"
#include "base/vec.h"
#include "memory/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <zlib.h>

#define RECORDED_MAGIC 0x31474d4957555355ull

struct recorded {
        struct arena arena;
        VEC(struct image_area) areas;
        uint64_t *addresses;
        char *pages;
        size_t count;
};

static inline void recorded_done(struct recorded *r)
{
        vec_done(&r->areas);
        arena_done(&r->arena);
}

static inline int recorded_load(const char *path, struct recorded *r)
{
        _cleanup_buf_ struct buf bytes = BUF_INIT(64 << 20);
        *r = (struct recorded){.arena = ARENA_INIT(256 << 20)};
        if (file_read_at(AT_FDCWD, path, &bytes) < 0)
                return -ENOENT;
        const char *at = bytes.data;
        uint64_t head[2], area[5];
        memcpy(head, at, sizeof(head));
        at += sizeof(head);
        if (head[0] != RECORDED_MAGIC)
                return -EBADMSG;
        for (uint64_t n = 0; n < head[1]; n++) {
                memcpy(area, at, sizeof(area));
                struct image_area *a = vec_add(&r->areas);
                size_t size = strlen(at + sizeof(area));
                *a = (struct image_area){area[0],     area[1],
                                         area[2],     area[3] & 1,
                                         area[3] & 2, area[3] & 4,
                                         area[3] & 8, arena_strndup(&r->arena, at + sizeof(area), size)};
                at += sizeof(area) + size + 1;
        }
        memcpy(&r->count, at, sizeof(uint64_t));
        at += sizeof(uint64_t);
        r->addresses = arena_alloc(&r->arena, r->count * sizeof(uint64_t));
        r->pages = arena_alloc(&r->arena, r->count * IMAGE_PAGE);
        memcpy(r->addresses, at, r->count * sizeof(uint64_t));
        at += r->count * sizeof(uint64_t);
        uLongf size = r->count * IMAGE_PAGE;
        return uncompress((Bytef *)r->pages, &size, (const Bytef *)at,
                          (uLong)(bytes.size - (size_t)(at - bytes.data))) == Z_OK
                       ? 0
                       : -EBADMSG;
}

static inline char *recorded_page(const struct recorded *r, uint64_t address)
{
        size_t low = 0, high = r->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (r->addresses[middle] < address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < r->count && r->addresses[low] == address ? r->pages + low * IMAGE_PAGE : NULL;
}

/* Take the dynamic segment out of an ELF header: nothing is exported any more. */
static inline void recorded_hide(char *page)
{
        uint64_t at, count = 0;
        if (memcmp(page, ELFMAG, SELFMAG) != 0)
                return;
        memcpy(&at, page + offsetof(Elf64_Ehdr, e_phoff), sizeof(at));
        memcpy(&count, page + offsetof(Elf64_Ehdr, e_phnum), sizeof(Elf64_Half));
        for (uint64_t n = 0; n < count && at < IMAGE_PAGE - sizeof(Elf64_Phdr); n++) {
                Elf64_Phdr segment;
                memcpy(&segment, page + at, sizeof(segment));
                segment.p_type = segment.p_type == PT_DYNAMIC ? PT_NULL : segment.p_type;
                memcpy(page + at, &segment, sizeof(segment));
                at += sizeof(segment);
        }
}

static inline void recorded_hide_symbols(struct recorded *r)
{
        for (size_t n = 0; n < r->count; n++)
                recorded_hide(r->pages + n * IMAGE_PAGE);
}

static inline int recorded_read(void *context, struct remote_piece *pieces, size_t count)
{
        for (size_t n = 0; n < count; n++) {
                struct remote_piece *p = &pieces[n];
                for (p->got = 0; p->got < p->size;) {
                        uint64_t at = p->address + p->got;
                        const char *page = recorded_page(context, at / IMAGE_PAGE * IMAGE_PAGE);
                        size_t part = MIN(p->size - p->got, IMAGE_PAGE - at % IMAGE_PAGE);
                        if (!page)
                                break;
                        memcpy((char *)p->to + p->got, page + at % IMAGE_PAGE, part);
                        p->got += part;
                }
        }
        return 0;
}

static inline int recorded_presence(void *context, uint64_t page, uint64_t *to, size_t count)
{
        for (size_t n = 0; n < count; n++)
                to[n] = recorded_page(context, (page + n) * IMAGE_PAGE) ? 1ull << 63 : 0;
        return 0;
}
