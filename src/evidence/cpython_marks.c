/* SPDX-License-Identifier: Apache-2.0 */

/* Most words are none of the few that are looked for: of several at once one comparison of their halves tells
 * that. */

#include "evidence/cpython_marks.h"

#include "base/str.h"

#include <string.h>

/* Objects lie in private memory that can be written, and in the interpreter's own data. */
bool cpython_holds_objects(const struct cpython_layout *l, const struct image_area *area)
{
        if (!area->writable || area->shared)
                return false;
        if (area->path[0] == '[')
                return str_starts(area->path, "[heap") || str_starts(area->path, "[anon");
        return !area->path[0] || (area->start >= l->elf_start && area->start < l->elf_end);
}

enum { BLOCK = 8 }; /* words that are compared at once */

typedef uint32_t half_words __attribute__((vector_size(16), aligned(8), may_alias));

struct marks {
        half_words low[4]; /* of each type the lower half of its address */
};

/* Whether one of the words may be one of the types: the half of one is the half of another. */
static inline bool may_hold(const struct marks *m, const uint64_t *words)
{
        const half_words *v = (const half_words *)words;
        half_words hit = {};
        for (size_t n = 0; n < BLOCK / 2; n++)
                hit |= (half_words)((v[n] == m->low[0]) | (v[n] == m->low[1]) | (v[n] == m->low[2]) |
                                    (v[n] == m->low[3]));
        uint64_t both[2];
        memcpy(both, &hit, sizeof(both));
        return both[0] | both[1];
}

int cpython_each_mark(const struct cpython_layout *l, const void *bytes, size_t size, cpython_mark each,
                      void *context)
{
        const uint64_t *words = bytes,
                       types[4] = {l->code, l->function, l->module, l->minor <= 7 ? l->frame : l->code};
        struct marks m;
        for (size_t n = 0; n < ARRAY_SIZE(types); n++)
                m.low[n] = (half_words){} + (uint32_t)types[n];
        for (size_t n = 0; n < size / 8; n++) {
                if (!(n % BLOCK) && n + BLOCK <= size / 8 && !may_hold(&m, words + n)) {
                        n += BLOCK - 1;
                        continue;
                }
                uint64_t word = words[n];
                if (word != types[0] && word != types[1] && word != types[2] && word != types[3])
                        continue;
                int r = each(context, 8 * n, word);
                if (r)
                        return r;
        }
        return 0;
}
