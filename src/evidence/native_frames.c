/* SPDX-License-Identifier: Apache-2.0 */

/* A stripped file still tells where its functions begin and end. That bounds what has no size, is the
 * function that somebody asks for by its address, and shows code that no symbol and no debug information
 * tells of. */

#include "evidence/native_search.h"

#include "format/elf_frames.h"

#include <errno.h>

static int on_frame(void *context, const struct elf_frame *f)
{
        struct search *s = context;
        struct code_frame *frame = vec_add(&s->frames);
        if (!frame)
                return -ENOMEM;
        *frame = (struct code_frame){.begin = f->address, .end = f->address + f->size};
        return 0;
}

static int compare_frames(const void *a, const void *b)
{
        const struct code_frame *x = a, *y = b;
        return x->begin < y->begin ? -1 : x->begin > y->begin;
}

int search_frames(struct search *s)
{
        int r = elf_frames(s->elf, on_frame, s);
        if (s->frames.count)
                qsort(s->frames.items, s->frames.count, sizeof(*s->frames.items), compare_frames);
        s->frames_damaged = r == -EBADMSG;
        return r == -ENOMEM ? r : 0; /* what is damaged tells less */
}

/* The first frame behind the address. */
static size_t frame_behind(const struct search *s, uint64_t address)
{
        size_t low = 0, high = s->frames.count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (s->frames.items[middle].begin <= address)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static struct code_frame *frame_at(const struct search *s, uint64_t address)
{
        size_t behind = frame_behind(s, address);
        struct code_frame *f = behind ? &s->frames.items[behind - 1] : NULL;
        return f && address < f->end ? f : NULL;
}

uint64_t search_code_size(const struct search *s, uint64_t address)
{
        const struct code_frame *f = frame_at(s, address);
        size_t behind = frame_behind(s, address);
        if (f)
                return f->end - address;
        return behind < s->frames.count ? s->frames.items[behind].begin - address : 0;
}

void search_name_frame(struct search *s, uint64_t address)
{
        struct code_frame *f = frame_at(s, address);
        if (f)
                f->named = true;
}

bool search_begins(const struct search *s, uint64_t address)
{
        const struct code_frame *f = frame_at(s, address);
        return f && f->begin == address;
}

enum { STUB_SECTIONS = 5 };

/* Stubs that lead to other files: the linker makes them, and nothing is inlined into them. */
static size_t find_stubs(const struct elf *e, struct code_range to[static STUB_SECTIONS])
{
        static const char *const names[STUB_SECTIONS] = {".plt", ".plt.got", ".plt.sec", ".plt.bnd", ".iplt"};
        struct span section;
        size_t count = 0;
        for (size_t i = 0; i < STUB_SECTIONS; i++) {
                if (elf_section(e, names[i], &section) < 0)
                        continue;
                uint64_t begin = elf_address(e, (uint64_t)(section.data - e->bytes.data));
                to[count++] = (struct code_range){begin, begin + section.size};
        }
        return count;
}

static bool is_within(const struct code_range *ranges, size_t count, uint64_t address)
{
        for (size_t i = 0; i < count; i++)
                if (address >= ranges[i].begin && address < ranges[i].end)
                        return true;
        return false;
}

static bool has_nameless(const struct search *s)
{
        struct code_range stubs[STUB_SECTIONS];
        size_t count = find_stubs(s->elf, stubs);
        vec_each (f, &s->frames)
                if (!f->named && !search_is_described(s, f->begin) && !is_within(stubs, count, f->begin))
                        return true;
        return s->frames_damaged; /* it may have what was not read */
}

void search_nameless(struct search *s)
{
        if (!has_nameless(s))
                return;
        s->undescribed = true;
        /* Where symbols are complete, only assembly has none. */
        s->undescribed_rust |= !s->all_symbols;
        s->undescribed_std |= !s->all_symbols;
}

int search_addressed(struct search *s)
{
        for (const struct wanted_list *w = s->addressed; w; w = w->next) {
                const struct code_frame *f = frame_at(s, w->address);
                struct copy copy = {.wanted = w->index, .address = w->address, .own = true};
                if (!f || f->begin != w->address)
                        continue;
                copy.size = f->end - f->begin;
                int r = search_add_copy(s, &copy);
                if (r < 0)
                        return r;
        }
        return 0;
}
