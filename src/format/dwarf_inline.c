/* SPDX-License-Identifier: Apache-2.0 */

/* Entries of DWARF form a tree: a copy lies somewhere below the function that holds it. The tree is walked by
 * libdw, unit by unit; only its depth and its number of entries have to be bounded here. */

#include "format/dwarf_inline.h"

#include "base/clock.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <sys/resource.h>

enum {
        MOST_DEPTH = 128,
        MOST_ENTRIES = 50000000,
        MOST_RANGES = 10000000, /* of code */
        MOST_UNITS = 100000,    /* libdw keeps some kilobytes of each … */
        MOST_KIB = 384 << 10,   /* … or many megabytes, and ends the program where it gets no more */
        /* An entry of a byte can lead to megabytes, in ways that only libdw sees. What compilers make takes a
         * tenth of this. */
        NS_PER_BYTE = 50,
};
#define NS_AT_LEAST (2 * NS_PER_S)
#define NS_AT_MOST  (10 * NS_PER_S)

struct walk {
        const struct dwarf_inlines *to;
        size_t entries, ranges;
        long kib; /* that this process had at most when the walk began */
        struct clock_share share;
        bool cut;
};

static const char *text_of(Dwarf_Die *die, unsigned name)
{
        Dwarf_Attribute attribute;
        return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static const char *linkage_of(Dwarf_Die *die)
{
        const char *name = text_of(die, DW_AT_linkage_name);
        return name ? name : text_of(die, DW_AT_MIPS_linkage_name);
}

/* Where its code is entered: GCC lists the part with the entry first where it has several. */
static uint64_t entry_of(Dwarf_Die *die)
{
        Dwarf_Addr entry = 0, base, begin, end;
        if (dwarf_entrypc(die, &entry) == 0)
                return entry;
        return dwarf_ranges(die, 0, &base, &begin, &end) > 0 ? begin : 0;
}

static int tell_ranges(struct walk *w, Dwarf_Die *die)
{
        Dwarf_Addr base, begin, end;
        ptrdiff_t at = 0;
        int r = 0;
        while (r == 0 && (at = dwarf_ranges(die, at, &base, &begin, &end)) > 0)
                r = ++w->ranges > MOST_RANGES || clock_share_spent(&w->share)
                            ? -ETIME
                            : w->to->on_range(w->to->context, begin, end);
        return r;
}

static const char *last_part(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

/* The unit that tells of its source: link-time optimisation puts the code into another one. */
enum dwarf_origin dwarf_copy_origin(const struct dwarf_copy *c)
{
        Dwarf_Attribute declared;
        Dwarf_Die unit;
        if (!dwarf_attr_integrate(c->entry, DW_AT_decl_file, &declared) ||
            !dwarf_cu_die(declared.cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL))
                return DWARF_OTHER_FILE;
        const char *file = dwarf_decl_file(c->entry), *own = dwarf_diename(&unit);
        if (!file || !own)
                return DWARF_OTHER_FILE;
        if (str_equal(last_part(file), last_part(own)))
                return DWARF_OWN_FILE;
        return str_ends(file, ".c") ? DWARF_OTHER_FILE : DWARF_HEADER;
}

static int visit(struct walk *w, Dwarf_Die *die, uint64_t *host)
{
        int tag = dwarf_tag(die);
        if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
                return 0;
        struct dwarf_copy c = {.inlined = tag == DW_TAG_inlined_subroutine, .entry = die};
        if (!c.inlined) {
                *host = entry_of(die);
                if (!*host)
                        return 0; /* a declaration, or what copies are made from */
                int r = tell_ranges(w, die);
                if (r)
                        return r;
        }
        c.address = *host;
        c.name = text_of(die, DW_AT_name);
        c.linkage = linkage_of(die);
        return w->to->on_copy(w->to->context, &c);
}

static int walk_children(struct walk *w, Dwarf_Die *parent, uint64_t host, int depth)
{
        Dwarf_Die die;
        int more = dwarf_child(parent, &die), r;
        if (more == 0 && depth >= MOST_DEPTH) {
                w->cut = true;
                return 0;
        }
        while (more == 0) {
                uint64_t within = host;
                if (++w->entries > MOST_ENTRIES || clock_share_spent(&w->share))
                        return -ETIME;
                r = visit(w, &die, &within);
                if (r == 0)
                        r = walk_children(w, &die, within, depth + 1);
                if (r)
                        return r;
                Dwarf_Die next;
                more = dwarf_siblingof(&die, &next);
                die = next;
        }
        w->cut |= more < 0;
        return clock_share_spent(&w->share) ? -ETIME
                                            : 0; /* the last one's sibling is looked for to the end */
}

static long most_kib(void)
{
        struct rusage use = {};
        getrusage(RUSAGE_SELF, &use);
        return use.ru_maxrss;
}

static int walk_units(struct walk *w, Dwarf *dwarf)
{
        Dwarf_CU *unit = NULL;
        Dwarf_Die die;
        size_t units = 0;
        int more, r = 0;
        while (r == 0 && (more = dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL)) == 0) {
                r = ++units > MOST_UNITS || most_kib() - w->kib > MOST_KIB || clock_share_spent(&w->share)
                            ? -ETIME
                            : w->to->on_unit(w->to->context, text_of(&die, DW_AT_producer));
                if (r == 0 && dwarf_srclang(&die) == DW_LANG_Mips_Assembler)
                        r = tell_ranges(w, &die);
                if (r == 0)
                        r = walk_children(w, &die, 0, 0);
        }
        if (r)
                return r;
        w->cut |= more < 0;
        return w->cut ? -EBADMSG : units ? 0 : -ENOENT;
}

int dwarf_inline_walk(struct span bytes, const struct dwarf_inlines *to)
{
        struct walk w = {.to = to,
                         .kib = most_kib(),
                         .share = clock_share_of(MIN(NS_AT_LEAST + bytes.size * NS_PER_BYTE, NS_AT_MOST))};
        elf_version(EV_CURRENT);
        Elf *elf = elf_memory((char *)bytes.data, bytes.size);
        if (!elf)
                return -ENOENT;
        Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
        int r = dwarf ? walk_units(&w, dwarf) : -ENOENT;
        if (dwarf)
                dwarf_end(dwarf);
        elf_end(elf);
        return r;
}
