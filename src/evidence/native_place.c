/* SPDX-License-Identifier: Apache-2.0 */

/* A place is an instruction that runs whenever the function is entered, and that the kernel can probe. What
 * silence there means is the sum of all that was noted about the function.
 *
 * A debug file may be of another build, or forged by whoever writes to that root, while others run the same
 * file: a breakpoint in the middle of an instruction would break them. So where a function begins, the file
 * itself has to say, by a symbol or by how its stack is unwound. */

#include "evidence/native_search.h"

#include "format/instruction.h"

#include <errno.h>

enum { BLOCK_BYTES = 512 /* of code that is looked at for a place */ };

bool search_place(const struct search *s, uint64_t address, uint64_t size, bool piece,
                  struct native_site *ret)
{
        struct span code;
        size_t skip = 0;
        enum probe_step step = PROBE_STEPPED;
        struct native_site site = {};
        if (elf_at_address(s->elf, address, &code) < 0 || elf_code_offset(s->elf, address, &site.offset) < 0)
                return false;
        code.size = MIN(code.size, MIN(size ? size : BLOCK_BYTES, (uint64_t)BLOCK_BYTES));
        if (probe_point(s->elf->machine, code, address, piece ? PROBE_IN_BODY : PROBE_AT_ENTRY, &skip,
                        &step) < 0)
                return false;
        site.offset += skip;
        site.stepped = step == PROBE_STEPPED;
        *ret = site;
        return true;
}

static bool only_jumps(const struct search *s, const struct copy *c, uint64_t size)
{
        struct span code;
        if (c->piece || elf_at_address(s->elf, c->address, &code) < 0)
                return false;
        code.size = MIN(code.size, size);
        return probe_is_jump(s->elf->machine, code);
}

/* Copies of which a piece is probed tell by themselves, whenever their host was entered. */
static void cover(struct note *n, uint64_t piece)
{
        for (struct guard *g = n->guards; g; g = g->next)
                g->covered |= piece >= g->address && piece - g->address < g->size;
}

static bool has_uncovered(const struct note *n)
{
        for (const struct guard *g = n->guards; g; g = g->next)
                if (!g->covered)
                        return true;
        return false;
}

static int add_place(struct search *s, const struct copy *c)
{
        struct native_function *f = &s->results[c->wanted];
        struct note *n = &s->notes[c->wanted];
        struct native_site site;
        uint64_t size = c->size ? c->size : search_code_size(s, c->address);
        if (!c->own && !search_begins(s, c->address)) {
                n->foreign = n->stuck = true;
                return 0;
        }
        if (!search_place(s, c->address, size, c->piece, &site)) {
                n->stuck |= !c->piece; /* a piece without a place has its guard */
                return 0;
        }
        n->jump |= only_jumps(s, c, size);
        if (f->site_count >= NATIVE_SITES_MOST) {
                n->many |= !c->piece;
                return 0;
        }
        if (!f->sites && !(f->sites = arena_alloc(s->arena, NATIVE_SITES_MOST * sizeof(*f->sites))))
                return -ENOMEM;
        bool folded = s->folded && !n->addressed && !n->go;
        site.shared = c->shared || n->twins || folded;
        f->sites[f->site_count++] = site;
        if (c->piece)
                cover(n, c->address);
        return 0;
}

static int add_guards(struct search *s, size_t wanted)
{
        struct native_function *f = &s->results[wanted];
        struct note *n = &s->notes[wanted];
        if (!n->guard_count)
                return 0;
        f->guards = arena_alloc(s->arena, n->guard_count * sizeof(*f->guards));
        if (!f->guards)
                return -ENOMEM;
        for (const struct guard *g = n->guards; g; g = g->next) {
                const struct guard *confirmed =
                        s->go ? g : map_get(&s->entries, &g->address, sizeof(g->address));
                bool begins = s->go || (confirmed && (confirmed->own || search_begins(s, g->address)));
                if (begins && confirmed->size &&
                    search_place(s, g->address, confirmed->size, false, &f->guards[f->guard_count]))
                        f->guard_count++;
                else
                        n->stuck = true;
        }
        return 0;
}

/* What all copies together tell. Functions of one source file each that are called alike cannot be told
 * apart. Another version of a function has another name in the source, under which its copies are described.
 */
static void note_copies(struct search *s)
{
        size_t i = 0;
        _cleanup_free_ uint8_t *locals = calloc(MAX(s->count, (size_t)1), 1);
        for (void *value; map_next(&s->places, &i, NULL, NULL, &value);)
                for (const struct copy *c = value; c; c = c->next) {
                        struct note *n = &s->notes[c->wanted];
                        n->undescribed |= !c->piece && !c->described;
                        n->twins |= c->local && (!locals || locals[c->wanted]++);
                }
}

static const char *why_unknown(const struct note *n)
{
        if (n->inlined)
                return "it is inlined, and its copies cannot be told from their callers' code";
        if (n->foreign)
                return "its debug file says that it begins where the file itself knows of no function";
        if (n->found)
                return "it has no instruction that can be probed";
        if (n->chosen)
                return "which of its versions runs is chosen at run time (IFUNC)";
        if (n->addressed)
                return "no function begins at that address";
        if (n->version)
                return "no symbol of that name in that version";
        if (n->go && n->unsure)
                return "not in the program's table by that name, and it may be there by another one";
        if (n->go)
                return "not in the program's table, which does not tell what was inlined";
        return n->part ? "only pieces of it have a name" : "no symbol of that name: stripped, or inlined";
}

static const char *why_partial(const struct search *s, const struct note *n)
{
        if (n->version)
                return "one version of it was asked for: its copies and clones are not told apart by version";
        if (n->part)
                return "the compiler split it: its head may be inlined";
        if (n->hostless)
                return "inlined copies of it may run unseen";
        if (n->many)
                return "it has more copies than are watched";
        if (n->chosen)
                return "which of its versions runs is chosen at run time (IFUNC)";
        if (n->stuck)
                return "a copy of it cannot be probed";
        if (n->jump)
                return "it may be folded into another function";
        if (n->addressed)
                return NULL;
        if (s->go && !n->go)
                return "may be inlined: it is no function of Go, in a program of Go";
        if (s->go)
                return s->inlines_known ? NULL : "may be inlined: no debug information";
        if (s->inlines_known && !n->found)
                return "may be inlined: it has no code of its own";
        if (!s->inlines_known || !n->described || n->undescribed)
                return "may be inlined: no debug information";
        if (s->thunks && n->inlined)
                return "inlined copies of it may run unseen";
        /* Of two identical functions GCC makes one a jump to the other, inlines that there again, with all
         * that it holds, and describes none of it (gcc/ipa-icf.cc, sem_function::merge). */
        bool twin = s->undescribed && n->inlined && !n->rust;
        if (twin || (s->undescribed && (n->repeated || s->joined)) || (s->undescribed_rust && n->rust) ||
            (s->undescribed_std && n->rust_std))
                return "may be inlined: no debug information of a part of the file";
        if ((s->included && n->header) || (s->imported && n->rust))
                return "may be inlined: it comes from a header, and its callers may hold copies of their own";
        return NULL;
}

int search_places(struct search *s)
{
        size_t i = 0;
        note_copies(s);
        for (void *value; map_next(&s->places, &i, NULL, NULL, &value);)
                for (const struct copy *c = value; c; c = c->next) {
                        int r = add_place(s, c);
                        if (r < 0)
                                return r;
                }
        for (size_t k = 0; k < s->count; k++) {
                struct native_function *f = &s->results[k];
                struct note *n = &s->notes[k];
                if (s->queries[k].provider)
                        continue;
                int r = add_guards(s, k);
                if (r < 0)
                        return r;
                f->entered = has_uncovered(n);
                f->absent =
                        n->go && !n->unsure && s->inlines_known && !n->found && !n->inlined && !n->addressed;
                if (f->absent)
                        continue;
                if (!f->site_count && !f->guard_count)
                        f->unknown = why_unknown(n);
                else
                        f->partial = why_partial(s, n);
        }
        return 0;
}
