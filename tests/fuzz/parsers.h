/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Several parsers behind one target: the first byte of the input says which one reads the rest, so that one
 * corpus holds samples of all. USEWEAR_FUZZ=NAME keeps a run with one of them, whatever the first byte is. */

#include "base/arena.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

struct fuzz_parser {
        char letter; /* 0: only by name */
        const char *name;
        void (*run)(struct span text, struct arena *a);
};

static inline const struct fuzz_parser *fuzz_named(const struct fuzz_parser *parsers, size_t count)
{
        const char *name = getenv("USEWEAR_FUZZ");
        for (size_t i = 0; name && i < count; i++)
                if (!strcmp(parsers[i].name, name))
                        return &parsers[i];
        if (!name)
                return NULL;
        fprintf(stderr, "no parser is called '%s' here; there are:", name);
        for (size_t i = 0; i < count; i++)
                fprintf(stderr, " %s", parsers[i].name);
        fprintf(stderr, "\n");
        exit(2);
}

static inline void fuzz_parse(const struct fuzz_parser *parsers, size_t count, const uint8_t *data,
                              size_t size)
{
        static const struct fuzz_parser *named;
        static bool asked;
        if (!asked)
                named = fuzz_named(parsers, count);
        asked = true;
        const struct fuzz_parser *parser = named;
        for (size_t i = 0; size && !parser && i < count; i++)
                if (parsers[i].letter && (uint8_t)parsers[i].letter == data[0])
                        parser = &parsers[i];
        if (!size || !parser)
                return;
        struct arena a = ARENA_INIT(16 << 20);
        parser->run((struct span){(const char *)data + 1, size - 1}, &a);
        arena_done(&a);
}
