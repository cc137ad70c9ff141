/* SPDX-License-Identifier: Apache-2.0 */

/* Which instruction a copy is entered by is not written anywhere (parentPc is only one of the same line), so
 * that the pieces are handed over as they are. A copy without any code of its own is in the tree only. */

#include "format/go_table.h"

enum {
        MOST_PIECES = 16384, /* of one function */
        MOST_CALLS = 65536,  /* inlined into it */
        MOST_DEPTH = 64,     /* of calls in calls */
};

static bool varint(struct span *s, uint32_t *ret)
{
        uint32_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
                if (!s->size)
                        return false;
                uint8_t byte = (uint8_t)s->data[0];
                *s = (struct span){s->data + 1, s->size - 1};
                value |= (uint32_t)(byte & 0x7f) << (shift & 31);
                if (!(byte & 0x80)) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

/* The table of inlined calls of a function, and the ranges of code that are theirs (PCDATA_InlTreeIndex);
 * false: nothing is inlined into it. */
static bool inline_tables(const struct go_functions *g, const struct go_entry *e, struct span *ret_tree,
                          struct span *ret_ranges)
{
        enum { PCDATA_INLINE = 2, FUNCDATA_INLINE = 3 };
        size_t fixed = g->layout == GO_1_18 ? 40 : 44;
        uint64_t pcdata = go_number(e->record, 28, 4), funcdata = go_number(e->record, fixed - 1, 1);
        uint64_t at = fixed + pcdata * 4 + FUNCDATA_INLINE * 4;
        if (!g->inline_base || pcdata <= PCDATA_INLINE || funcdata <= FUNCDATA_INLINE || pcdata > 64 ||
            at + 4 > e->record.size)
                return false;
        uint32_t ranges = (uint32_t)go_number(e->record, fixed + PCDATA_INLINE * 4, 4);
        uint32_t tree = (uint32_t)go_number(e->record, at, 4);
        *ret_ranges = go_from(g->values, ranges);
        return ranges && tree != UINT32_MAX && elf_at_address(g->elf, g->inline_base + tree, ret_tree) == 0;
}

/* Code of one function by the innermost inlined call that it belongs to, -1: none. */
struct piece {
        uint32_t end; /* bytes from the function's entry */
        int32_t index;
};

struct inlining {
        const struct go_functions *g;
        const struct go_entry *e;
        struct span tree;
        size_t count;
        int32_t most; /* largest index */
        struct piece pieces[MOST_PIECES];
};

static bool pieces_read(struct inlining *in, struct span ranges)
{
        int32_t index = -1;
        uint64_t at = 0, size = in->e->end - in->e->address;
        uint32_t change, distance, step = (uint8_t)in->g->table.data[6];
        for (bool first = true; varint(&ranges, &change) && (change || first); first = false) {
                index += (int32_t)(change & 1 ? ~(change >> 1) : change >> 1);
                if (!varint(&ranges, &distance) || (uint64_t)distance * step > size - at ||
                    in->count >= MOST_PIECES || index < -1)
                        return false;
                at += (uint64_t)distance * step;
                in->pieces[in->count++] = (struct piece){(uint32_t)at, index};
                in->most = MAX(in->most, index);
        }
        return true;
}

static size_t call_size(const struct go_functions *g)
{
        return g->layout == GO_1_18 ? 20 : 16;
}

static bool inlined_name(const struct inlining *in, int32_t index, struct span *ret)
{
        struct span call = go_from(in->tree, (uint64_t)index * call_size(in->g));
        return call.size >= call_size(in->g) &&
               go_name_at(in->g, go_number(call, in->g->layout == GO_1_18 ? 12 : 4, 4), ret);
}

/* The call that this one is inlined into, or -1: a copy runs when a copy inside of it does. */
static int32_t parent_of(const struct inlining *in, int32_t index)
{
        struct span call = go_from(in->tree, (uint64_t)index * call_size(in->g));
        if (in->g->layout == GO_1_18)
                return (int16_t)go_number(call, 0, 2);
        uint64_t at = go_number(call, 8, 4);
        size_t low = 0, high = in->count;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                if (in->pieces[middle].end > at)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low < in->count ? in->pieces[low].index : -1;
}

static int tell(const struct inlining *in, int32_t index, uint64_t begin, uint64_t end,
                go_function_handler handler, void *context)
{
        struct go_function f = {.address = in->e->address + begin,
                                .size = end - begin,
                                .inlined = true,
                                .host = in->e->address,
                                .host_size = in->e->end - in->e->address};
        if (!inlined_name(in, index, &f.name))
                f.name = (struct span){};
        return handler(context, &f);
}

static int tell_piece(const struct inlining *in, size_t i, go_function_handler handler, void *context)
{
        int32_t index = in->pieces[i].index;
        int r = 0;
        for (int depth = 0; r == 0 && index >= 0 && index <= in->most && depth < MOST_DEPTH; depth++) {
                r = tell(in, index, i ? in->pieces[i - 1].end : 0, in->pieces[i].end, handler, context);
                int32_t parent = parent_of(in, index);
                index = parent == index ? -1 : parent;
        }
        return r;
}

int go_inlined_walk(const struct go_functions *g, const struct go_entry *e, go_function_handler handler,
                    void *context)
{
        struct inlining in; /* its pieces are many and need no zeroes */
        struct span ranges;
        in.g = g;
        in.e = e;
        in.count = 0;
        in.most = -1;
        if (!inline_tables(g, e, &in.tree, &ranges))
                return 0;
        if (!pieces_read(&in, ranges))
                return handler(context, &(struct go_function){.inlined = true});
        int r = 0;
        for (int32_t k = 0; r == 0 && k <= in.most && k < MOST_CALLS; k++)
                r = tell(&in, k, 0, 0, handler, context);
        for (size_t i = 0; r == 0 && i < in.count; i++)
                r = tell_piece(&in, i, handler, context);
        return r;
}
