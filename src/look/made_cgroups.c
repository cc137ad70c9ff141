/* SPDX-License-Identifier: Apache-2.0 */

/* Services of a moment, sessions of cron and the like: their cgroup is gone with them before any look. Whose
 * it was is told by its path, which the kernel tells when it makes it. */

#include "look/state.h"

#include <stdlib.h>

enum { MADE_MOST = 8192, NAMES_MOST = 4096 /* bytes of what one path tells */ };

struct made_cgroup {
        uint64_t id; /* key */
        char workload[];
};

void made_cgroups_done(struct look *l)
{
        size_t i = 0;
        for (void *value; map_next(&l->made_cgroups, &i, NULL, NULL, &value);)
                free(value);
        map_done(&l->made_cgroups);
        l->made_cgroups = (struct map){};
}

/* What finds no room stays unknown. */
void look_cgroup_made(struct look *l, uint64_t cgroup, const char *path)
{
        _cleanup_arena_ struct arena scratch = ARENA_INIT(NAMES_MOST);
        const char *workload = workload_of_path(path, cgroup_is_alone(), &scratch);
        size_t size = workload ? strlen(workload) + 1 : 0;
        struct made_cgroup *made = workload ? malloc(sizeof(*made) + size) : NULL;
        if (!made)
                return;
        if (l->made_cgroups.count >= MADE_MOST)
                made_cgroups_done(l);
        made->id = cgroup;
        memcpy(made->workload, workload, size);
        free(map_remove(&l->made_cgroups, &cgroup, sizeof(cgroup)));
        if (map_put(&l->made_cgroups, &made->id, sizeof(made->id), made) < 0)
                free(made);
}

void made_cgroup_left(struct look *l, uint64_t cgroup)
{
        if (cgroup)
                free(map_remove(&l->made_cgroups, &cgroup, sizeof(cgroup)));
        else
                made_cgroups_done(l);
}

const char *made_cgroup_workload(const struct look *l, uint64_t cgroup)
{
        const struct made_cgroup *made = map_get(&l->made_cgroups, &cgroup, sizeof(cgroup));
        return made ? made->workload : NULL;
}
