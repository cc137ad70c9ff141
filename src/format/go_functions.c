/* SPDX-License-Identifier: Apache-2.0 */

/* Since Go 1.18 entries are relative to the beginning of the code, which only the runtime's own module record
 * (moduledata) tells for every way of linking. It is found by its first word, the address of the table; where
 * it is not found nothing is said, because a wrong beginning would put probes into the middle of
 * instructions. */

#include "format/go_table.h"

#include <elf.h>
#include <errno.h>

enum { MOST_FUNCTIONS = 4000000, HEADER_WORDS = 8, MOST_MODULES = 64 /* that may be the record */ };

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
        if (table.size < 8 || !layout_of(go_number(table, 0, 4), &to->layout) || table.data[4] ||
            table.data[5])
                return -ENOENT;
        to->pointer = (uint8_t)table.data[7];
        uint8_t step = (uint8_t)table.data[6];
        if ((to->pointer != 4 && to->pointer != 8) || (step != 1 && step != 2 && step != 4))
                return -ENOENT;
        to->table = table;
        to->count = go_number(table, 8, to->pointer);
        size_t p = to->pointer;
        if (to->layout == GO_1_2) {
                to->names = to->values = table;
                to->functions = 8 + p;
                return 0;
        }
        size_t names_at = to->layout == GO_1_16 ? 2 : 3; /* words behind the first eight bytes */
        to->names = go_from(table, go_number(table, 8 + names_at * p, p));
        to->values = go_from(table, go_number(table, 8 + (names_at + 3) * p, p));
        to->functions = go_number(table, 8 + (names_at + 4) * p, p);
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
        struct span r = go_from(w->relocations, i * 24);
        if (r.size < 24)
                return false;
        uint32_t type = (uint32_t)go_number(r, 8, 4);
        *ret_address = type == R_X86_64_RELATIVE || type == R_AARCH64_RELATIVE ? go_number(r, 0, 8) : 0;
        *ret_value = go_number(r, 16, 8);
        return true;
}

static uint64_t word_at(const struct words *w, uint64_t address, size_t size)
{
        uint64_t at, value;
        struct span bytes;
        for (size_t i = 0; relocation_at(w, i, &at, &value); i++)
                if (at == address)
                        return value;
        return elf_at_address(w->elf, address, &bytes) < 0 ? 0 : go_number(bytes, 0, size);
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
               text + go_number(g->table, (uint64_t)g->functions, 4) == least;
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
        size_t tried = 0;
        if (!table)
                return -EBADMSG;
        if (g->elf->wide)
                elf_section(g->elf, ".rela.dyn", &w.relocations);
        for (size_t i = 0; relocation_at(&w, i, &at, &value); i++)
                if (at && value == table && tried++ < MOST_MODULES && is_module(&w, g, at, table)) {
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
                        if (go_number(data, i, g->pointer) == table && tried++ < MOST_MODULES &&
                            is_module(&w, g, base + i, table)) {
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

static bool entry_read(const struct go_functions *g, uint64_t i, struct go_entry *ret)
{
        bool relative = g->layout >= GO_1_18;
        size_t field = relative ? 4 : g->pointer;
        uint64_t at = g->functions + i * 2 * field;
        if (at + 3 * field > g->table.size)
                return false;
        uint64_t base = g->layout == GO_1_2 ? 0 : g->functions;
        *ret = (struct go_entry){
                .address = g->text + go_number(g->table, at, field),
                .end = g->text + go_number(g->table, at + 2 * field, field),
                .record = go_from(g->table, base + go_number(g->table, at + field, field)),
        };
        return ret->record.size >= 40 && ret->end > ret->address;
}

int go_functions_walk(const struct go_functions *g, go_function_handler handler, void *context)
{
        for (uint64_t i = 0; i < MIN(g->count, (uint64_t)MOST_FUNCTIONS); i++) {
                struct go_entry e;
                struct go_function f = {};
                if (!entry_read(g, i, &e))
                        continue;
                size_t field = g->layout >= GO_1_18 ? 4 : g->pointer;
                if (!go_name_at(g, go_number(e.record, field, 4), &f.name))
                        continue;
                f.address = e.address;
                f.size = e.end - e.address;
                int r = handler(context, &f);
                if (r == 0 && g->layout >= GO_1_18)
                        r = go_inlined_walk(g, &e, handler, context);
                if (r)
                        return r;
        }
        return 0;
}
