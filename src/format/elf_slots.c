/* SPDX-License-Identifier: Apache-2.0 */

/* What the loader reads, without its section headers: PT_DYNAMIC leads to the relocations of the slots, and
 * these to their symbols. */

#include "format/elf_slots.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

enum { MOST_DYNAMIC = 512, MOST_SLOTS = 65536, LONGEST_NAME = 4096 };

struct slot_tables {
        uint64_t slots, size;
        bool bound_at_load;
};

static struct slot_tables read_tables(struct span dynamic)
{
        struct slot_tables t = {};
        for (size_t n = 0; n < MOST_DYNAMIC && (n + 1) * sizeof(Elf64_Dyn) <= dynamic.size; n++) {
                Elf64_Dyn entry;
                memcpy(&entry, dynamic.data + n * sizeof(entry), sizeof(entry));
                uint64_t value = entry.d_un.d_val;
                if (entry.d_tag == DT_NULL)
                        break;
                if (entry.d_tag == DT_JMPREL)
                        t.slots = value;
                else if (entry.d_tag == DT_PLTRELSZ)
                        t.size = value;
                t.bound_at_load |= entry.d_tag == DT_BIND_NOW ||
                                   (entry.d_tag == DT_FLAGS && value & DF_BIND_NOW) ||
                                   (entry.d_tag == DT_FLAGS_1 && value & DF_1_NOW);
        }
        return t;
}

/* NULL: it has none. */
static const char *name_of(struct span symbols, struct span strings, uint64_t number)
{
        Elf64_Sym symbol;
        if (number >= symbols.size / sizeof(symbol))
                return NULL;
        memcpy(&symbol, symbols.data + number * sizeof(symbol), sizeof(symbol));
        if (symbol.st_name >= strings.size ||
            !memchr(strings.data + symbol.st_name, 0,
                    MIN(strings.size - symbol.st_name, (size_t)LONGEST_NAME)))
                return NULL;
        return strings.data + symbol.st_name;
}

int elf_lazy_slots(const struct elf *e, elf_symbol_handler handler, void *context)
{
        struct span dynamic, slots, symbols, strings;
        if (!e->wide || (e->machine != EM_X86_64 && e->machine != EM_AARCH64))
                return -ENOTSUP;
        if (elf_segment(e, PT_DYNAMIC, &dynamic) < 0)
                return 0;
        struct slot_tables t = read_tables(dynamic);
        size_t count = (size_t)MIN(t.size / sizeof(Elf64_Rela), (uint64_t)MOST_SLOTS);
        if (t.bound_at_load || !t.slots || !count)
                return 0;
        if (elf_at_address(e, t.slots, &slots) < 0 || slots.size / sizeof(Elf64_Rela) < count ||
            elf_dynamic_symbols(e, &symbols, &strings) < 0)
                return -EBADMSG;
        uint32_t type = e->machine == EM_X86_64 ? R_X86_64_JUMP_SLOT : R_AARCH64_JUMP_SLOT;
        for (size_t n = 0; n < count; n++) {
                Elf64_Rela slot;
                memcpy(&slot, slots.data + n * sizeof(slot), sizeof(slot));
                const char *name = (uint32_t)ELF64_R_TYPE(slot.r_info) == type
                                           ? name_of(symbols, strings, ELF64_R_SYM(slot.r_info))
                                           : NULL;
                int r = name && *name ? handler(context, name) : 0;
                if (r)
                        return r;
        }
        return 0;
}
