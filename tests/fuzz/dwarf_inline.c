/* SPDX-License-Identifier: Apache-2.0 */
#include "format/dwarf_inline.h"

#include "wrapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_unit(void *context, const char *producer)
{
        *(size_t *)context += producer ? strlen(producer) : 0;
        return 0;
}

static int on_copy(void *context, const struct dwarf_copy *c)
{
        *(size_t *)context += (c->name ? strlen(c->name) : 0) + (c->linkage ? strlen(c->linkage) : 0);
        *(size_t *)context += dwarf_copy_origin(c);
        return 0;
}

static int on_range(void *context, uint64_t begin, uint64_t end)
{
        *(size_t *)context += begin < end;
        return 0;
}

/* The sizes of seven sections, two bytes each, and what is in them; what is left is the eighth's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct wrapped sections[] = {
                {".debug_abbrev", {}},   {".debug_str", {}},  {".debug_ranges", {}}, {".debug_rnglists", {}},
                {".debug_line_str", {}}, {".debug_addr", {}}, {".debug_line", {}},   {".debug_info", {}},
        };
        enum { COUNT = ARRAY_SIZE(sections) };
        const struct dwarf_inlines to = {on_unit, on_copy, on_range, &(size_t){0}};
        size_t at = 2 * (COUNT - 1), whole;
        if (size < at)
                return 0;
        for (size_t i = 0; i < COUNT; i++) {
                size_t wanted = i + 1 < COUNT ? data[2 * i] | (size_t)data[2 * i + 1] << 8 : size;
                size_t used = MIN(wanted, size - at);
                sections[i].data = (struct span){(const char *)data + at, used};
                at += used;
        }
        char *bytes = wrap(sections, COUNT, &whole);
        if (bytes)
                dwarf_inline_walk((struct span){bytes, whole}, &to);
        free(bytes);
        return 0;
}
