/* SPDX-License-Identifier: Apache-2.0 */

/* A module that was loaded twice has code of two loads in memory, unless nothing holds the earlier: the code
 * of each load can be told from that of the others. */

#include "evidence/cpython_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_versions(const void *a, const void *b)
{
        const struct seen_code *x = *(struct seen_code *const *)a, *y = *(struct seen_code *const *)b;
        return (x->version > y->version) - (x->version < y->version);
}

static int compare_files(const void *a, const void *b)
{
        const struct seen_code *x = *(struct seen_code *const *)a, *y = *(struct seen_code *const *)b;
        int d = (x->file_text > y->file_text) - (x->file_text < y->file_text);
        return d ? d : (x->load > y->load) - (x->load < y->load);
}

/* Whether this load has had a function of that place before. */
static int is_again(struct look *k, struct map *places, const struct seen_code *s, uint64_t load)
{
        struct {
                const char *file, *name;
                int64_t line;
        } key = {s->file_text, s->name_text, s->line}, *kept;
        uintptr_t last = (uintptr_t)map_get(places, &key, sizeof(key));
        /* Of these several may be in one line. */
        if (s->name_text[0] == '<' || !strcmp(s->name_text, "__annotate__"))
                return 0;
        if (!(kept = arena_alloc(&k->arena, sizeof(*kept))))
                return -ENOMEM;
        *kept = key;
        int r = map_put(places, kept, sizeof(*kept), (void *)(uintptr_t)(load + 1));
        return r < 0 ? r : last == load + 1;
}

/* All code of a load shares one str with the name of its file; from 3.13 on all loads do, but the code of one
 * is numbered in a row. */
static int number_loads(struct look *k, struct seen_code **codes, size_t count)
{
        struct map places = {};
        uint64_t load = 0;
        int r = 0;
        if (k->c->layout.minor <= 12) {
                for (size_t n = 0; n < count; n++)
                        codes[n]->load = codes[n]->file;
                return 0;
        }
        qsort(codes, count, sizeof(*codes), compare_versions);
        for (size_t n = 0; r >= 0 && n < count; n++) {
                load += n && codes[n]->file_text != codes[n - 1]->file_text;
                r = is_again(k, &places, codes[n], load);
                if (r > 0)
                        r = is_again(k, &places, codes[n], ++load);
                codes[n]->load = load;
        }
        map_done(&places);
        return MIN(r, 0);
}

int look_count_loads(struct look *k)
{
        _cleanup_free_ struct seen_code **codes =
                malloc(MAX(k->count, (size_t)1) * sizeof(struct seen_code *));
        size_t count = 0;
        if (!codes)
                return -ENOMEM;
        for (size_t n = 0; n < k->count; n++)
                if (k->codes[n].valid && !k->codes[n].modified)
                        codes[count++] = &k->codes[n];
        int r = number_loads(k, codes, count);
        if (r < 0)
                return r;
        qsort(codes, count, sizeof(*codes), compare_files);
        for (size_t begin = 0, end; begin < count; begin = end) {
                uint32_t loads = 1;
                for (end = begin + 1; end < count && codes[end]->file_text == codes[begin]->file_text; end++)
                        loads += codes[end]->load != codes[end - 1]->load;
                for (size_t n = begin; n < end; n++)
                        codes[n]->loads = loads;
        }
        return 0;
}
