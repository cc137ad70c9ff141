/* SPDX-License-Identifier: Apache-2.0 */

/* A record is over when its path shows another file since, or when the rest of the workload was seen again
 * long after it. The kernel's record is put on every occasion and tells nothing about the others. */

#include "store/still.h"

enum { STILL_MAPPED_S = 600 }; /* how long a record may lag behind the others of its workload */

struct place {
        int64_t workload, subject;
};

static int note_latest(struct loading *l, struct map *latest, const struct place *key, int64_t time)
{
        int64_t *known = map_get(latest, key, sizeof(*key));
        if (!known) {
                struct place *copy = arena_alloc(l->arena, sizeof(*copy));
                known = arena_alloc(l->arena, sizeof(*known));
                if (!copy || !known)
                        return loading_no_memory(l);
                *copy = *key;
                *known = INT64_MIN;
                if (map_put(latest, copy, sizeof(*copy), known) < 0)
                        return loading_no_memory(l);
        }
        *known = MAX(*known, time);
        return 0;
}

static int find_latest(struct loading *l, struct map *latest)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < l->to->evidence.count; i++) {
                const struct evidence *e = &l->to->evidence.items[i];
                struct place at = {l->evidence_workloads.items[i], l->evidence_subjects.items[i]};
                r = note_latest(l, latest, &at, e->last);
                at.subject = -1; /* the whole workload */
                if (r == 0 && !str_equal(e->engine, "kernel") && e->first < e->last)
                        r = note_latest(l, latest, &at, e->last);
        }
        return r;
}

static bool is_over(const struct loading *l, const struct map *latest, size_t i)
{
        const struct evidence *e = &l->to->evidence.items[i];
        struct place at = {l->evidence_workloads.items[i], l->evidence_subjects.items[i]};
        const int64_t *same_path = map_get(latest, &at, sizeof(at));
        at.subject = -1;
        const int64_t *rest = map_get(latest, &at, sizeof(at));
        return (same_path && *same_path > e->last) || (rest && *rest - STILL_MAPPED_S > e->last);
}

int still_judge(struct loading *l)
{
        _cleanup_map_ struct map latest = {}, running = {};
        int r = find_latest(l, &latest);
        vec_each (w, &l->to->workloads)
                if (r == 0 && w->running && map_put_str(&running, w->id, (void *)w->id) < 0)
                        r = loading_no_memory(l);
        for (size_t i = 0; r == 0 && i < l->to->evidence.count; i++) {
                struct evidence *e = &l->to->evidence.items[i];
                bool runs = map_get_str(&running, e->workload) != NULL, over = is_over(l, &latest, i);
                /* What ended with its workload is mapped no more, but a program on disk can run again. */
                if (e->stale != STALE_NO && (over || !runs)) {
                        bool replaced = e->stale == STALE_YES;
                        e->stale = STALE_NO;
                        if (replaced)
                                continue;
                }
                if (!over && map_put_str(&l->still_used, e->package, e) < 0)
                        r = loading_no_memory(l);
        }
        return r;
}
