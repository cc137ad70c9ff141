/* SPDX-License-Identifier: Apache-2.0 */

/* Since Go 1.18 entries are relative to the beginning of the code, which only the runtime's own module record
 * (moduledata) tells for every way of linking. It is found by its first word, the address of the table; where
 * it is not found nothing is said, because a wrong beginning would put probes into the middle of
 * instructions. */

#include "format/go_functions.h"

#include <elf.h>
#include <errno.h>

enum {
        MOST_FUNCTIONS = 4000000,
        NAME_MOST = 4096,
        HEADER_WORDS = 8,
        MOST_PIECES = 16384, /* of one function */
        MOST_CALLS = 65536,  /* inlined into it */
        MOST_DEPTH = 64,     /* of calls in calls */
};

static uint64_t number(struct span s, uint64_t offset, size_t size)
{
        uint64_t value = 0;
        if (offset > s.size || size > s.size - offset)
                return 0;
        for (size_t i = 0; i < size; i++)
                value |= (uint64_t)(uint8_t)s.data[offset + i] << (8 * i);
        return value;
}

static struct span from(struct span s, uint64_t offset)
{
        return offset >= s.size ? (struct span){} : (struct span){s.data + offset, s.size - offset};
}

/* ---- the header ------------------------------------------------------------------------------------- */

static bool layout_of(uint64_t magic, enum go_layout *ret)
{
        static const struct {
                uint32_t magic;
                enum go_layout layout;
        } table[] = {
                {0xfffffffb, GO_1_2}, {0xfffffffa, GO_1_16}, {0xfffffff0, GO_1_18}, {0xfffffff1, GO_1_20}};
        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (table[i].magic == magic) {
                        *ret = table[i].layout;
                        return true;
                }
        return false;
}

static int header_read(struct span table, struct go_functions *to)
{
        if (table.size < 8 || !layout_of(number(table, 0, 4), &to->layout) || table.data[4] || table.data[5])
                return -ENOENT;
        to->pointer = (uint8_t)table.data[7];
        uint8_t step = (uint8_t)table.data[6];
        if ((to->pointer != 4 && to->pointer != 8) || (step != 1 && step != 2 && step != 4))
                return -ENOENT;
        to->table = table;
        to->count = number(table, 8, to->pointer);
        size_t p = to->pointer;
        if (to->layout == GO_1_2) {
                to->names = to->values = table;
                to->functions = 8 + p;
                return 0;
        }
        size_t names_at = to->layout == GO_1_16 ? 2 : 3; /* words behind the first eight bytes */
        to->names = from(table, number(table, 8 + names_at * p, p));
        to->values = from(table, number(table, 8 + (names_at + 3) * p, p));
        to->functions = number(table, 8 + (names_at + 4) * p, p);
        if (table.size < 8 + HEADER_WORDS * p || !to->names.size || !to->values.size)
                return -EBADMSG;
        return 0;
}

/* ---- where the code begins -------------------------------------------------------------------------- */

/* What the word at `address` holds once the program is loaded: position-independent programs keep it in their
 * relocations (R_X86_64_RELATIVE 8, R_AARCH64_RELATIVE 1027). */
struct words {
        const struct elf *elf;
        struct span relocations; /* .rela.dyn, 64 bit only */
};

static bool relocation_at(const struct words *w, size_t i, uint64_t *ret_address, uint64_t *ret_value)
{
        struct span r = from(w->relocations, i * 24);
        if (r.size < 24)
                return false;
        uint32_t type = (uint32_t)number(r, 8, 4);
        *ret_address = type == R_X86_64_RELATIVE || type == R_AARCH64_RELATIVE ? number(r, 0, 8) : 0;
        *ret_value = number(r, 16, 8);
        return true;
}

static uint64_t word_at(const struct words *w, uint64_t address, size_t size)
{
        uint64_t at, value;
        struct span bytes;
        for (size_t i = 0; relocation_at(w, i, &at, &value); i++)
                if (at == address)
                        return value;
        return elf_at_address(w->elf, address, &bytes) < 0 ? 0 : number(bytes, 0, size);
}

static uint64_t address_of(const struct elf *e, struct span bytes)
{
        return elf_address(e, (uint64_t)(bytes.data - e->bytes.data));
}

/* Words of runtime.moduledata; it has changed in between (src/runtime/symtab.go of each release). */
enum {
        MODULE_NAMES = 1,
        MODULE_TABLE = 13,
        MODULE_MINPC = 20,
        MODULE_TEXT = 22,
        MODULE_FUNC_1_18 = 38,
        MODULE_FUNC_1_20 = 40
};

/* Whether the record at `address` is the one: its other words agree with the table. */
static bool is_module(const struct words *w, const struct go_functions *g, uint64_t address, uint64_t table)
{
        uint64_t names = (uint64_t)(g->names.data - g->table.data) + table;
        size_t p = g->pointer;
        if (word_at(w, address, p) != table || word_at(w, address + MODULE_NAMES * p, p) != names)
                return false;
        uint64_t text = word_at(w, address + MODULE_TEXT * p, p), offset;
        uint64_t least = word_at(w, address + MODULE_MINPC * p, p);
        /* The first function is where the table says. */
        return text && elf_code_offset(w->elf, text, &offset) == 0 &&
               text + number(g->table, (uint64_t)g->functions, 4) == least;
}

static void take_module(const struct words *w, uint64_t address, struct go_functions *g)
{
        size_t p = g->pointer;
        g->text = word_at(w, address + MODULE_TEXT * p, p);
        g->inline_base =
                word_at(w, address + (g->layout == GO_1_18 ? MODULE_FUNC_1_18 : MODULE_FUNC_1_20) * p, p);
}

static int find_code(struct go_functions *g)
{
        static const char *const places[] = {".go.module", ".noptrdata", ".data", ".data.rel.ro"};
        struct words w = {.elf = g->elf};
        uint64_t table = address_of(g->elf, g->table), at, value;
        if (!table)
                return -EBADMSG;
        if (g->elf->wide)
                elf_section(g->elf, ".rela.dyn", &w.relocations);
        for (size_t i = 0; relocation_at(&w, i, &at, &value); i++)
                if (at && value == table && is_module(&w, g, at, table)) {
                        take_module(&w, at, g);
                        return 0;
                }
        w.relocations = (struct span){}; /* what is not relocated stands in the file */
        for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
                struct span data;
                if (elf_section(g->elf, places[k], &data) < 0)
                        continue;
                uint64_t base = address_of(g->elf, data);
                for (uint64_t i = 0; base && i + g->pointer <= data.size; i += g->pointer)
                        if (number(data, i, g->pointer) == table && is_module(&w, g, base + i, table)) {
                                take_module(&w, base + i, g);
                                return 0;
                        }
        }
        return -ENOTSUP;
}

int go_functions_open(const struct elf *e, struct go_functions *ret)
{
        struct go_functions g = {.elf = e};
        struct span table;
        int r = elf_section(e, ".gopclntab", &table);
        if (r < 0)
                r = elf_section(e, ".data.rel.ro.gopclntab", &table);
        if (r < 0)
                return -ENOENT;
        r = header_read(table, &g);
        if (r == 0 && g.layout >= GO_1_18)
                r = find_code(&g);
        if (r == 0)
                *ret = g;
        return r;
}

/* ---- functions -------------------------------------------------------------------------------------- */

struct entry {
        uint64_t address, end; /* of the code */
        struct span record;    /* struct _func */
};

static bool entry_read(const struct go_functions *g, uint64_t i, struct entry *ret)
{
        bool relative = g->layout >= GO_1_18;
        size_t field = relative ? 4 : g->pointer;
        uint64_t at = g->functions + i * 2 * field;
        if (at + 3 * field > g->table.size)
                return false;
        uint64_t base = g->layout == GO_1_2 ? 0 : g->functions;
        *ret = (struct entry){
                .address = g->text + number(g->table, at, field),
                .end = g->text + number(g->table, at + 2 * field, field),
                .record = from(g->table, base + number(g->table, at + field, field)),
        };
        return ret->record.size >= 40 && ret->end > ret->address;
}

static bool name_at(const struct go_functions *g, uint64_t offset, struct span *ret)
{
        struct span s = from(g->names, offset);
        size_t size = strnlen(s.data ? s.data : "", MIN(s.size, (size_t)NAME_MOST));
        *ret = (struct span){s.data, size};
        return size && size < MIN(s.size, (size_t)NAME_MOST);
}

/* ---- inlined copies --------------------------------------------------------------------------------- */

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
static bool inline_tables(const struct go_functions *g, const struct entry *e, struct span *ret_tree,
                          struct span *ret_ranges)
{
        enum { PCDATA_INLINE = 2, FUNCDATA_INLINE = 3 };
        size_t fixed = g->layout == GO_1_18 ? 40 : 44;
        uint64_t pcdata = number(e->record, 28, 4), funcdata = number(e->record, fixed - 1, 1);
        uint64_t at = fixed + pcdata * 4 + FUNCDATA_INLINE * 4;
        if (!g->inline_base || pcdata <= PCDATA_INLINE || funcdata <= FUNCDATA_INLINE || pcdata > 64 ||
            at + 4 > e->record.size)
                return false;
        uint32_t ranges = (uint32_t)number(e->record, fixed + PCDATA_INLINE * 4, 4);
        uint32_t tree = (uint32_t)number(e->record, at, 4);
        *ret_ranges = from(g->values, ranges);
        return ranges && tree != UINT32_MAX && elf_at_address(g->elf, g->inline_base + tree, ret_tree) == 0;
}

/* Code of one function by the innermost inlined call that it belongs to, -1: none. */
struct piece {
        uint32_t end; /* bytes from the function's entry */
        int32_t index;
};

struct inlining {
        const struct go_functions *g;
        const struct entry *e;
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
        struct span call = from(in->tree, (uint64_t)index * call_size(in->g));
        return call.size >= call_size(in->g) &&
               name_at(in->g, number(call, in->g->layout == GO_1_18 ? 12 : 4, 4), ret);
}

/* The call that this one is inlined into, or -1: a copy runs when a copy inside of it does. */
static int32_t parent_of(const struct inlining *in, int32_t index)
{
        struct span call = from(in->tree, (uint64_t)index * call_size(in->g));
        if (in->g->layout == GO_1_18)
                return (int16_t)number(call, 0, 2);
        uint64_t at = number(call, 8, 4);
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

/* Which instruction a copy is entered by is not written anywhere (parentPc is only one of the same line), so
 * that the pieces are handed over as they are. A copy without any code of its own is in the tree only. */
static int walk_inlined(const struct go_functions *g, const struct entry *e, go_function_handler handler,
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

int go_functions_walk(const struct go_functions *g, go_function_handler handler, void *context)
{
        for (uint64_t i = 0; i < MIN(g->count, (uint64_t)MOST_FUNCTIONS); i++) {
                struct entry e;
                struct go_function f = {};
                if (!entry_read(g, i, &e))
                        continue;
                size_t field = g->layout >= GO_1_18 ? 4 : g->pointer;
                if (!name_at(g, number(e.record, field, 4), &f.name))
                        continue;
                f.address = e.address;
                f.size = e.end - e.address;
                int r = handler(context, &f);
                if (r == 0 && g->layout >= GO_1_18)
                        r = walk_inlined(g, &e, handler, context);
                if (r)
                        return r;
        }
        return 0;
}

/* ---- names ------------------------------------------------------------------------------------------ */

bool go_function_is(struct span name, const char *import_path, const char *function)
{
        /* Dots of the last element of the path are written %2e. */
        size_t path = strlen(import_path);
        const char *slash = strrchr(import_path, '/');
        size_t head = slash ? (size_t)(slash - import_path) + 1 : 0;
        if (name.size < head || memcmp(name.data, import_path, head) != 0)
                return false;
        size_t at = head;
        for (size_t i = head; i < path; i++) {
                bool dot = import_path[i] == '.';
                size_t size = dot ? 3 : 1;
                if (name.size - at < size || memcmp(name.data + at, dot ? "%2e" : import_path + i, size) != 0)
                        return false;
                at += size;
        }
        if (at >= name.size || name.data[at] != '.')
                return false;
        const char *w = function;
        size_t depth = 0;
        for (at++; at < name.size; at++) {
                char c = name.data[at];
                if (c == '[')
                        depth++;
                else if (c == ']' && depth)
                        depth--;
                else if (depth || c == '(' || c == ')' || c == '*')
                        continue;
                else if (c != *w++)
                        return false;
        }
        return !depth && !*w;
}

struct span go_last_word(struct span name)
{
        if (name.size && name.data[name.size - 1] == ']') {
                size_t depth = 0;
                while (name.size) {
                        char c = name.data[--name.size];
                        depth += c == ']';
                        if (c == '[' && --depth == 0)
                                break;
                }
        }
        size_t begin = name.size;
        while (begin && name.data[begin - 1] != '.')
                begin--;
        return begin ? (struct span){name.data + begin, name.size - begin} : name;
}
