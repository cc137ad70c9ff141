/* SPDX-License-Identifier: Apache-2.0 */
/* When silence means something: a set of functions supports "not observed" only if somebody says that it is
 * all of them. The Go database and RustSec list the functions of a flaw by their own rules, the project's
 * table is a comparison of whole releases; what GitHub's records name are examples. */
#include "advisory/match.h"
#include "advisory/symbol_line.h"

#include <errno.h>

struct roots {
        bool named;      /* by somebody who lists all */
        const char *gap; /* why they are not all */
};

static void ask_record(struct match_context *c, const struct hit *h, struct roots *roots)
{
        struct span rest = span_of(h->symbols);
        struct symbol_line l;
        bool functions = false, whole = false, others = false;
        if (!h->affected || (!str_starts(h->id, "GO-") && !str_starts(h->id, "RUSTSEC-")))
                return;
        while (symbol_line_next(&rest, &l)) {
                bool applies = symbol_line_applies(&l, c->scheme, h->version);
                others = others || !applies;
                functions = functions || (applies && l.function.size);
                whole = whole || (applies && !l.function.size);
        }
        if (functions && !whole)
                roots->named = true;
        else if (!roots->gap)
                roots->gap = arena_printf(c->arena,
                                          whole    ? "%s calls whole packages vulnerable, not only functions"
                                          : others ? "%s names functions of other platforms or versions only"
                                                   : "%s names no function",
                                          h->id);
}

int bug_roots(struct match_context *c, const struct hit *const *hits, size_t count, struct bug *bug)
{
        struct roots roots = {};
        size_t own = 0, fixes = 0, elsewhere = 0;
        bug->roots_gap = NULL;
        for (size_t i = 0; i < bug->symbol_count; i++)
                if (symbol_is_own(&bug->symbols[i])) {
                        own += str_equal(bug->symbols[i].kind, "root");
                        fixes += str_equal(bug->symbols[i].kind, "fix");
                        elsewhere += bug->symbols[i].elsewhere;
                }
        if (own && !fixes && !elsewhere)
                return 0;
        for (size_t i = 0; i < count; i++)
                ask_record(c, hits[i], &roots);
        if (elsewhere && !roots.named)
                roots.gap = "its functions were established in another package or other versions";
        if (fixes)
                roots.gap = "what else the fix touched may be the flaw as well";
        if (!roots.named && !roots.gap)
                roots.gap = "no source says that the functions it names are all of them";
        bug->roots_gap = roots.gap;
        return roots.gap || roots.named ? 0 : -ENOMEM;
}
