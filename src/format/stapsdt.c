/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses in the notes are those of the link before prelink or separate debug files moved things: the
 * section .stapsdt.base was moved alike, and its address then is in each note. */

#include "format/stapsdt.h"

enum { MOST_NOTES = 100000, NOTE_HEADER = 12, STAPSDT_TYPE = 3 };

static uint64_t number(struct span s, size_t offset, size_t size)
{
        uint64_t value = 0;
        for (size_t i = 0; i < size && offset + i < s.size; i++)
                value |= (uint64_t)(uint8_t)s.data[offset + i] << (8 * i);
        return value;
}

/* A string and its NUL from the front. */
static bool take_string(struct span *s, struct span *ret)
{
        const char *end = s->size ? memchr(s->data, 0, s->size) : NULL;
        if (!end)
                return false;
        size_t size = (size_t)(end - s->data);
        *ret = (struct span){s->data, size};
        *s = (struct span){end + 1, s->size - size - 1};
        return true;
}

static bool read_probe(const struct elf *e, struct span body, uint64_t base, struct stapsdt_probe *ret)
{
        size_t word = e->wide ? 8 : 4;
        if (body.size < 3 * word)
                return false;
        uint64_t moved = base ? base - number(body, word, word) : 0;
        uint64_t semaphore = number(body, 2 * word, word);
        struct stapsdt_probe p = {.address = number(body, 0, word) + moved,
                                  .semaphore = semaphore ? semaphore + moved : 0};
        body = (struct span){body.data + 3 * word, body.size - 3 * word};
        if (!take_string(&body, &p.provider) || !take_string(&body, &p.name))
                return false;
        *ret = p;
        return true;
}

int stapsdt_walk(const struct elf *e, stapsdt_handler handler, void *context)
{
        struct span notes, base_section;
        uint64_t base = 0;
        if (elf_section(e, ".note.stapsdt", &notes) < 0)
                return 0;
        if (elf_section(e, ".stapsdt.base", &base_section) == 0)
                base = elf_address(e, (uint64_t)(base_section.data - e->bytes.data));
        for (size_t i = 0; i < MOST_NOTES && notes.size >= NOTE_HEADER; i++) {
                uint64_t name_size = number(notes, 0, 4), size = number(notes, 4, 4);
                uint64_t body = NOTE_HEADER + ((name_size + 3) & ~3ull), end = body + ((size + 3) & ~3ull);
                struct stapsdt_probe p;
                if (body + size > notes.size)
                        return 0;
                bool ours = number(notes, 8, 4) == STAPSDT_TYPE && name_size == sizeof("stapsdt") &&
                            !memcmp(notes.data + NOTE_HEADER, "stapsdt", sizeof("stapsdt"));
                if (ours && read_probe(e, (struct span){notes.data + body, size}, base, &p)) {
                        int r = handler(context, &p);
                        if (r)
                                return r;
                }
                if (end >= notes.size)
                        return 0;
                notes = (struct span){notes.data + end, notes.size - end};
        }
        return 0;
}
