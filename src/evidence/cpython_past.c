/* SPDX-License-Identifier: Apache-2.0 */

/* The record of a process takes megabytes, and a worker that watches hundreds has to let go of some. The next
 * look finds all that is in memory, but not what had gone before. So of each file the sum of its code is
 * kept: where it still is the same nothing went meanwhile. Of another sum, and of places that were in doubt
 * already, silence stays unknown. */

#include "evidence/cpython_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DOUBTS = 16384 /* places; where more are in doubt the whole process is */ };

#define SUM_OTHER 0 /* no file has this sum */

struct term {
        const char *file; /* interned */
        uint64_t value;
};

static int compare_terms(const void *a, const void *b)
{
        const struct term *x = a, *y = b;
        return (x->file > y->file) - (x->file < y->file);
}

static int compare_files(const void *a, const void *b)
{
        const struct cpython_past *x = a, *y = b;
        return (x->file > y->file) - (x->file < y->file);
}

static int compare_places(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
        return (x > y) - (x < y);
}

static void put_term(const struct cpython *c, uint32_t site, uint64_t address, uint64_t identity,
                     struct term *terms, size_t *count)
{
        const uint64_t code[] = {address, (uint32_t)identity};
        if (address && site != CPYTHON_NOWHERE && !c->sites.items[site].body)
                terms[(*count)++] = (struct term){c->sites.items[site].file, map_hash(code, sizeof(code))};
}

/* Of each file with functions the sum of its code, in the order of the list. 0 or -ENOMEM. */
static int sum_files(const struct cpython *c, cpython_past_list *ret)
{
        _cleanup_free_ struct term *terms = calloc(c->codes.count + c->known.count + 1, sizeof(*terms));
        cpython_past_list list = {};
        size_t count = 0;
        if (!terms)
                return -ENOMEM;
        vec_each (code, &c->codes)
                put_term(c, code->site, code->address, code->identity, terms, &count);
        vec_each (known, &c->known)
                put_term(c, known->site, known->address, known->identity, terms, &count);
        qsort(terms, count, sizeof(*terms), compare_terms);
        for (size_t n = 0; n < count; n++) {
                bool same = n && terms[n].file == terms[n - 1].file;
                struct cpython_past *past = same ? &list.items[list.count - 1] : vec_add(&list);
                if (!past) {
                        vec_done(&list);
                        return -ENOMEM;
                }
                past->file = same ? past->file : map_hash(terms[n].file, strlen(terms[n].file));
                past->sum += terms[n].value;
        }
        vec_each (past, &list)
                past->sum += past->sum == SUM_OTHER;
        if (list.count)
                qsort(list.items, list.count, sizeof(*list.items), compare_files);
        *ret = list;
        return 0;
}

static struct cpython_past *find_file(const cpython_past_list *list, uint64_t file)
{
        const struct cpython_past key = {file, 0};
        return list->count ? bsearch(&key, list->items, list->count, sizeof(key), compare_files) : NULL;
}

/* ---- to keep ---------------------------------------------------------------------------------------- */

static uint64_t place_hash(const struct cpython_site *s)
{
        const uint64_t place[] = {map_hash(s->file, strlen(s->file)), map_hash(s->name, strlen(s->name)),
                                  s->line};
        return map_hash(place, sizeof(place));
}

/* The places whose silence would mean nothing: that of another code, of code that is not there, … 0 or
 * -ENOMEM. */
static int note_doubts(struct cpython *c)
{
        _cleanup_free_ bool *alive = calloc(c->sites.count + 1, sizeof(*alive));
        if (!alive)
                return -ENOMEM;
        vec_each (code, &c->codes)
                alive[code->site] = true;
        vec_each (known, &c->known)
                if (known->site != CPYTHON_NOWHERE)
                        alive[known->site] = true;
        for (size_t n = 0; n < c->sites.count; n++) {
                const struct cpython_site *s = &c->sites.items[n];
                bool doubtful = !alive[n] || (!s->ran && (s->gone || s->replaced || s->earlier));
                if (s->body || !s->imported || !doubtful)
                        continue;
                uint64_t *slot = c->doubts.count < MOST_DOUBTS ? vec_add(&c->doubts) : NULL;
                if (!slot)
                        return -ENOMEM;
                *slot = place_hash(s);
        }
        if (c->doubts.count)
                qsort(c->doubts.items, c->doubts.count, sizeof(*c->doubts.items), compare_places);
        size_t kept = 0;
        for (size_t n = 0; n < c->doubts.count; n++)
                if (!n || c->doubts.items[n] != c->doubts.items[n - 1])
                        c->doubts.items[kept++] = c->doubts.items[n];
        c->doubts.count = kept;
        vec_trim(&c->doubts);
        return 0;
}

/* What was in doubt stays so. */
static int note_sums(struct cpython *c)
{
        cpython_past_list now;
        size_t count;
        int r = sum_files(c, &now);
        if (r < 0)
                return r;
        count = now.count;
        vec_each (past, &c->past) {
                struct cpython_past *same =
                        count ? bsearch(past, now.items, count, sizeof(*past), compare_files) : NULL;
                struct cpython_past *slot = same ? same : vec_add(&now);
                if (slot)
                        *slot = (struct cpython_past){past->file, SUM_OTHER};
                else
                        r = -ENOMEM;
        }
        if (now.count)
                qsort(now.items, now.count, sizeof(*now.items), compare_files);
        vec_trim(&now);
        vec_done(&c->past);
        c->past = now;
        return r;
}

void cpython_doubt_past(struct cpython *c, const char *file)
{
        struct cpython_past *past = find_file(&c->past, map_hash(file, strlen(file)));
        if (past)
                past->sum = SUM_OTHER;
}

void cpython_keep_past(struct cpython *c, bool all)
{
        /* Without a whole scan nobody has said anything of silence, or what was said before it is not at
         * hand any more. */
        if (!all && c->scanned)
                all = !c->whole || note_doubts(c) < 0 || note_sums(c) < 0;
        if (all) {
                vec_done(&c->past);
                vec_done(&c->doubts);
                vec_done(&c->kept);
                vec_done(&c->lists);
                c->forgotten = true;
        }
}

/* ---- and to know it again ---------------------------------------------------------------------------- */

/* Files whose code is the same as it was are known as they were. */
static int compare_sums(struct cpython *c)
{
        cpython_past_list now;
        size_t kept = 0;
        int r = c->past.count ? sum_files(c, &now) : 0;
        if (r < 0 || !c->past.count)
                return r;
        vec_each (past, &c->past) {
                const struct cpython_past *same = find_file(&now, past->file);
                if (past->sum == SUM_OTHER || !same || same->sum != past->sum)
                        c->past.items[kept++] = (struct cpython_past){past->file, SUM_OTHER};
        }
        c->past.count = kept;
        vec_done(&now);
        return 0;
}

int cpython_recall(struct cpython *c, bool all)
{
        int r = all ? compare_sums(c) : 0;
        if (r < 0 || (!c->past.count && !c->doubts.count))
                return r;
        vec_each (site, &c->sites) {
                uint64_t place = c->doubts.count ? place_hash(site) : 0;
                const struct cpython_past *past =
                        c->past.count ? find_file(&c->past, map_hash(site->file, strlen(site->file))) : NULL;
                site->earlier |= (past && past->sum == SUM_OTHER) ||
                                 (c->doubts.count && bsearch(&place, c->doubts.items, c->doubts.count,
                                                             sizeof(place), compare_places));
        }
        return 0;
}
