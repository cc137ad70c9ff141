/* SPDX-License-Identifier: Apache-2.0 */

/* What the probes of a function have told so far, by workload: a hit is kept as long as its file is watched,
 * and where all workloads have one, there is nothing more to be told. */

#include "look/state.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

const char *function_workload_of(const struct look *l, uint64_t cgroup, int pid)
{
        const struct entry *e = table_get(&l->table, pid);
        if (e && entry_named(e) && (!cgroup || e->process.cgroup_id == cgroup))
                return e->process.workload_id;
        size_t i = 0;
        for (void *value; cgroup && map_next(&l->table.entries, &i, NULL, NULL, &value);) {
                const struct entry *other = value;
                if (other->process.cgroup_id == cgroup && entry_named(other))
                        return other->process.workload_id;
        }
        const struct native_watch *n = &l->native;
        for (size_t k = 0; cgroup && k < SOON_WORKLOADS; k++)
                if (n->soon_workloads[k].cgroup == cgroup && n->soon_workloads[k].until > clock_boottime())
                        return n->soon_workloads[k].workload;
        return NULL;
}

static bool hits_contain(const struct probed_hit *hits, size_t count, const char *workload)
{
        for (size_t i = 0; i < count; i++)
                if (str_equal(hits[i].workload, workload))
                        return true;
        return false;
}

bool function_ran(const struct probed_function *p, const char *workload)
{
        return hits_contain(p->hits.items, p->hits.count, workload);
}

bool function_host_ran(const struct probed_function *p, const char *workload)
{
        return p->guards_hot || hits_contain(p->host_hits.items, p->host_hits.count, workload);
}

bool functions_all_hit(const struct probed_file *f, const struct probed_function *p)
{
        vec_each (user, &f->users)
                if (!function_ran(p, user->workload))
                        return false;
        return p->hits.count > 0;
}

bool functions_all_told(const struct probed_file *f, const struct probed_function *p)
{
        vec_each (user, &f->users)
                if (!function_ran(p, user->workload) && !function_host_ran(p, user->workload))
                        return false;
        return p->guards_hot || p->host_hits.count > 0 || p->hits.count > 0;
}

/* What cannot be noted weakens the negative everywhere. */
int function_note_hit(struct probed_function *p, const char *workload, const struct probed_hit *hit)
{
        vec_each (known, &p->hits)
                if (str_equal(known->workload, workload)) {
                        known->last = MAX(known->last, hit->last);
                        return 0;
                }
        char *copy = strdup(workload);
        struct probed_hit *slot = copy ? vec_add(&p->hits) : NULL;
        if (!slot) {
                free(copy);
                p->guards_hot = true;
                return 1;
        }
        *slot = *hit;
        slot->workload = copy;
        return 1;
}

int function_note_host(struct probed_function *p, const char *workload)
{
        if (function_host_ran(p, workload))
                return 0;
        char *copy = strdup(workload);
        struct probed_hit *hit = copy ? vec_add(&p->host_hits) : NULL;
        if (!hit) {
                free(copy);
                p->guards_hot = true;
                return 1;
        }
        *hit = (struct probed_hit){.workload = copy};
        return 1;
}
