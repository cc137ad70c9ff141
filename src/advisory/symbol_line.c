/* SPDX-License-Identifier: Apache-2.0 */
/* A function of Windows may have a namesake on Linux that is not vulnerable, so what is named for other
 * platforms is not watched, and what is left unwatched supports no negative (roots.c). */
#include "advisory/symbol_line.h"

#include <errno.h>

/* What Linux on this machine may run, in Go's words and in Rust's. */
static const char *const machines[] = {
#if defined(__x86_64__)
        "amd64",
        "386",
        "x86_64",
        "x86",
#elif defined(__aarch64__)
        "arm64",
        "arm",
        "aarch64",
#endif
};

void symbol_line_write(struct buf *to, const struct osv_symbol *symbol, const char *kind)
{
        buf_addf(to, "%s\t%s\t%s", kind, symbol->container, symbol->function);
        if (symbol->versions || symbol->platforms)
                buf_addf(to, "\t%s\t%s", symbol->versions ? symbol->versions : "",
                         symbol->platforms ? symbol->platforms : "");
        buf_add_char(to, '\n');
}

bool symbol_line_next(struct span *rest, struct symbol_line *ret)
{
        struct span line;
        while (line_next(rest, &line)) {
                struct symbol_line l = {};
                if (!span_cut(&line, '\t', &l.kind) || !span_cut(&line, '\t', &l.container))
                        continue;
                span_cut(&line, '\t', &l.function);
                span_cut(&line, '\t', &l.versions);
                l.platforms = line;
                if (!l.function.size && !span_equal(l.kind, "whole"))
                        continue;
                *ret = l;
                return true;
        }
        return false;
}

int symbol_copy(const struct symbol_line *l, const char *source, struct arena *a, struct symbol *ret)
{
        struct symbol s = {
                .container = arena_strndup(a, l->container.data, l->container.size),
                .function = arena_strndup(a, l->function.data, l->function.size),
                .kind = arena_strndup(a, l->kind.data, l->kind.size),
                .source = source,
                .versions = l->versions.size ? arena_strndup(a, l->versions.data, l->versions.size) : NULL,
                .platforms =
                        l->platforms.size ? arena_strndup(a, l->platforms.data, l->platforms.size) : NULL,
        };
        if (!s.container || !s.function || !s.kind || (l->versions.size && !s.versions) ||
            (l->platforms.size && !s.platforms))
                return -ENOMEM;
        *ret = s;
        return 0;
}

static bool lists(struct span list, const char *const *words, size_t count)
{
        struct span word;
        if (!list.size)
                return true;
        while (list.size) {
                span_cut(&list, ',', &word);
                for (size_t i = 0; i < count; i++)
                        if (span_equal(word, words[i]))
                                return true;
        }
        return false;
}

bool symbol_line_applies(const struct symbol_line *l, const struct version_scheme *scheme,
                         struct span version)
{
        static const char *const linux_only[] = {"linux"};
        struct span machine = l->platforms, system = {};
        span_cut(&machine, '/', &system);
        return lists(system, linux_only, 1) && lists(machine, machines, ARRAY_SIZE(machines)) &&
               (!l->versions.size || range_text_contains(l->versions, scheme, version));
}
