/* SPDX-License-Identifier: Apache-2.0 */

/* Who maps a file that is watched, counted anew by each look: its workloads, and the programs that they run.
 */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

/* A workload may be a known cgroup under a new name (a container that is renamed, or whose runtime wrote its
 * state late): what the kernel told of the old one it has to tell again. */
static void tell_again(struct native_watch *n, const struct probed_file *f, uint64_t cgroup)
{
        vec_each (p, &f->functions) {
                if (p->number != UINT32_MAX)
                        sensor_probe_forget(n->sensor, p->number, cgroup);
                if (p->guard != UINT32_MAX)
                        sensor_probe_forget(n->sensor, p->guard, cgroup);
        }
}

int functions_note_user(struct look *l, struct probed_file *f, const struct entry *e)
{
        struct native_watch *n = &l->native;
        const struct process *p = &e->process;
        int64_t started = clock_wall_of(function_program_start(l, e));
        vec_each (user, &f->users)
                if (str_equal(user->workload, p->workload_id)) {
                        user->oldest = MIN(user->oldest, started);
                        user->cgroup = p->cgroup_id;
                        user->round = n->round;
                        return 0;
                }
        f->news = true; /* what its silence means has to be said */
        char *workload = strdup(p->workload_id);
        struct probed_user *user = workload ? vec_add(&f->users) : NULL;
        if (!user) {
                free(workload);
                return -ENOMEM;
        }
        tell_again(n, f, p->cgroup_id);
        *user = (struct probed_user){.workload = workload,
                                     .cgroup = p->cgroup_id,
                                     .since = function_watched_from(),
                                     .oldest = started,
                                     .round = n->round};
        return 0;
}

static void forget_users(struct native_watch *n, struct probed_file *f)
{
        size_t kept = 0;
        vec_each (user, &f->users)
                if (user->round == n->round)
                        f->users.items[kept++] = *user;
                else
                        free(user->workload);
        f->users.count = kept;
}

void functions_forget_users(struct native_watch *n)
{
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next(n, &i));)
                if (!f->news) /* else what became of it is told of them once more */
                        forget_users(n, f);
}

bool functions_leave(struct native_watch *n, struct entry *e)
{
        bool last = false;
        for (size_t i = 0; e->counted == n->round && i < e->files.count; i++) {
                const struct used_file *used = e->files.items[i];
                if (!used || !used->probed)
                        continue;
                /* Of an older epoch it is not known. */
                if (used->probed_epoch != n->epoch)
                        last = true;
                else if (used->probed->processes)
                        last |= !--used->probed->processes && used->probed->functions.count;
        }
        e->counted = 0;
        return last;
}

void functions_note_program(program_list *programs, const struct process *p)
{
        uint64_t hash = p->exe ? map_hash(p->exe, strlen(p->exe)) : 0;
        vec_each (known, programs)
                if (*known == hash)
                        return;
        uint64_t *slot = hash && programs->count < PROGRAMS_MOST ? vec_add(programs) : NULL;
        if (slot)
                *slot = hash;
}
