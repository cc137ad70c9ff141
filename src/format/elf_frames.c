/* SPDX-License-Identifier: Apache-2.0 */

/* The table is a list of records, each with its length in front. A record is either what many functions have
 * in common (CIE), which tells how addresses are written, or one function (FDE), which says how far back its
 * CIE lies. */

#include "format/elf_frames.h"

#include <elf.h>
#include <errno.h>

enum { MOST_FRAMES = 1000000, MOST_LETTERS = 16, MOST_PARTS = 8 };

/* How an address is written: the low half of the byte is the form, the high half what it is relative to. */
enum {
        FORM_ABSOLUTE = 0x0,
        FORM_ULEB = 0x1,
        FORM_U2 = 0x2,
        FORM_U4 = 0x3,
        FORM_U8 = 0x4,
        FORM_SLEB = 0x9,
        FORM_S2 = 0xa,
        FORM_S4 = 0xb,
        FORM_S8 = 0xc,
        RELATIVE_TO_ITSELF = 0x10,
        RELATIVE = 0xf0,
};

/* Bytes that are read from the front. */
struct reader {
        struct span left;
        bool failed;
};

/* A number; more than eight bytes are passed over. */
static uint64_t take(struct reader *r, size_t size)
{
        uint64_t value = 0;
        if (r->left.size < size) {
                r->failed = true;
                return 0;
        }
        for (size_t i = 0; i < MIN(size, sizeof(value)); i++)
                value |= (uint64_t)(uint8_t)r->left.data[i] << (8 * i);
        r->left = (struct span){r->left.data + size, r->left.size - size};
        return value;
}

static uint64_t take_leb(struct reader *r, bool is_signed)
{
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
                uint64_t byte = take(r, 1);
                value |= (byte & 0x7f) << shift;
                if (byte & 0x80)
                        continue;
                if (is_signed && (byte & 0x40) && shift + 7 < 64)
                        value |= ~0ull << (shift + 7);
                return value;
        }
        r->failed = true;
        return 0;
}

static uint64_t sign_extend(uint64_t value, unsigned bits)
{
        return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

/* The number alone, whatever it is relative to. */
static uint64_t take_form(struct reader *r, const struct elf *e, unsigned encoding)
{
        switch (encoding & 0xf) {
        case FORM_ABSOLUTE:
                return take(r, e->wide ? 8 : 4);
        case FORM_ULEB:
                return take_leb(r, false);
        case FORM_SLEB:
                return take_leb(r, true);
        case FORM_U2:
                return take(r, 2);
        case FORM_S2:
                return sign_extend(take(r, 2), 16);
        case FORM_U4:
                return take(r, 4);
        case FORM_S4:
                return sign_extend(take(r, 4), 32);
        case FORM_U8:
        case FORM_S8:
                return take(r, 8);
        default:
                r->failed = true;
                return 0;
        }
}

/* Of the record at `record`: the bytes behind its length, and what follows it. False: no more can be read. An
 * empty body separates the tables of several object files. */
static bool split_record(struct span record, struct span *ret_body, struct span *ret_next)
{
        struct reader r = {.left = record};
        uint64_t size = take(&r, 4);
        if (r.failed || size > r.left.size) /* 0xffffffff, of records beyond 4 GiB, as well */
                return false;
        *ret_body = (struct span){r.left.data, (size_t)size};
        *ret_next = (struct span){r.left.data + size, r.left.size - (size_t)size};
        return true;
}

/* How the functions of this CIE write their begin; -1: in no way that is known. */
static int encoding_of(const struct elf *e, struct span body)
{
        struct reader r = {.left = body};
        uint64_t id = take(&r, 4), version = take(&r, 1);
        const char *letters = r.left.data;
        const char *end = memchr(letters, 0, MIN(r.left.size, (size_t)MOST_LETTERS));
        int encoding = FORM_ABSOLUTE;
        if (r.failed || id || !end || (version != 1 && version != 3))
                return -1;
        take(&r, (size_t)(end - letters) + 1);
        take_leb(&r, false); /* alignment of code and of data */
        take_leb(&r, true);
        if (version == 1)
                take(&r, 1); /* register with the return address */
        else
                take_leb(&r, false);
        if (*letters && *letters != 'z')
                return -1;
        if (*letters)
                take_leb(&r, false); /* size of what the letters stand for */
        for (const char *l = letters; *l; l++) {
                unsigned personality;
                switch (*l) {
                case 'R':
                        encoding = (int)take(&r, 1);
                        break;
                case 'L':
                        take(&r, 1);
                        break;
                case 'P':
                        personality = (unsigned)take(&r, 1);
                        take_form(&r, e, personality);
                        break;
                case 'z':
                case 'S': /* of signal handlers */
                case 'B': /* arm64: return addresses are signed by key B */
                case 'G': /* arm64: memory tagging */
                        break;
                default:
                        return -1;
                }
        }
        return r.failed ? -1 : encoding;
}

struct table {
        const struct elf *e;
        struct span bytes;
        uint64_t address; /* of its first byte */
        struct elf_code parts[MOST_PARTS];
        size_t part_count;
        const char *cie; /* the one that was read last */
        int encoding;    /* of it */
};

static bool holds(const struct table *t, const struct elf_frame *f)
{
        for (size_t i = 0; i < t->part_count; i++) {
                const struct elf_code *p = &t->parts[i];
                if (f->address >= p->address && f->address - p->address < p->size &&
                    f->size <= p->size - (f->address - p->address))
                        return f->size > 0;
        }
        return false;
}

/* 1: `ret` is told; 0: the record is none of a function; -EBADMSG. */
static int read_frame(struct table *t, struct span body, struct elf_frame *ret)
{
        struct reader r = {.left = body};
        uint64_t back = take(&r, 4), base;
        size_t at = (size_t)(body.data - t->bytes.data);
        if (r.failed)
                return -EBADMSG;
        if (!back)
                return 0; /* a CIE */
        if (back > at)
                return -EBADMSG;
        const char *cie = body.data - back;
        if (cie != t->cie) {
                struct span common, next;
                if (!split_record((struct span){cie, t->bytes.size - (at - (size_t)back)}, &common, &next))
                        return -EBADMSG;
                t->encoding = encoding_of(t->e, common);
                t->cie = cie;
        }
        int encoding = t->encoding;
        if (encoding < 0 || ((encoding & RELATIVE) && (encoding & RELATIVE) != RELATIVE_TO_ITSELF))
                return -EBADMSG;
        base = encoding & RELATIVE ? t->address + (uint64_t)(r.left.data - t->bytes.data) : 0;
        struct elf_frame f = {.address = base + take_form(&r, t->e, (unsigned)encoding)};
        f.size = take_form(&r, t->e, (unsigned)encoding & 0x7);
        if (r.failed)
                return -EBADMSG;
        if (!t->e->wide)
                f.address &= UINT32_MAX;
        if (!holds(t, &f))
                return 0; /* the linker left its code out */
        *ret = f;
        return 1;
}

/* The table by the section, else by the segment of the index that the loader knows: its first number leads to
 * the table. */
static int find_table(const struct elf *e, struct table *ret)
{
        struct span index;
        if (elf_section(e, ".eh_frame", &ret->bytes) == 0) {
                ret->address = elf_address(e, (uint64_t)(ret->bytes.data - e->bytes.data));
                return ret->address ? 0 : -ENOENT;
        }
        if (elf_segment(e, PT_GNU_EH_FRAME, &index) < 0)
                return -ENOENT;
        struct reader r = {.left = index};
        uint64_t address = elf_address(e, (uint64_t)(index.data - e->bytes.data));
        uint64_t version = take(&r, 1), encoding = take(&r, 1);
        take(&r, 2); /* encodings of the rest */
        if (!address || version != 1 || (encoding & RELATIVE) != RELATIVE_TO_ITSELF)
                return -ENOENT;
        ret->address = address + 4 + take_form(&r, e, (unsigned)encoding);
        if (!e->wide)
                ret->address &= UINT32_MAX;
        return r.failed ? -ENOENT : elf_at_address(e, ret->address, &ret->bytes);
}

int elf_frames(const struct elf *e, elf_frame_handler handler, void *context)
{
        struct table t = {.e = e};
        bool damaged = false;
        int r = find_table(e, &t);
        t.part_count = elf_code_parts(e, t.parts, MOST_PARTS);
        struct span rest = t.bytes, body;
        for (size_t i = 0; r == 0 && rest.size >= 4; i++) {
                struct elf_frame f;
                if (i >= MOST_FRAMES || !split_record(rest, &body, &rest))
                        return -EBADMSG;
                int told = body.size ? read_frame(&t, body, &f) : 0;
                damaged |= told < 0;
                if (told > 0)
                        r = handler(context, &f);
        }
        return r == 0 && damaged ? -EBADMSG : r;
}
