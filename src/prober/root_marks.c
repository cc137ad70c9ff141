/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/root_marks.h"

#include "base/map.h"
#include "inventory/inventory.h"

#include <errno.h>
#include <string.h>

void root_marks_done(struct root_marks *m)
{
        vec_done(&m->folders);
}

int root_marks_take(int root_fd, const struct probe_job *job, struct root_marks *ret)
{
        struct root_marks m = {.databases = inventory_stamp(root_fd, NULL, 0)};
        for (size_t i = 0; i < job->python_path_count; i++) {
                const char *path = job->python_paths[i];
                struct place_mark *mark = vec_add(&m.folders);
                if (!mark) {
                        root_marks_done(&m);
                        return -ENOMEM;
                }
                *mark = (struct place_mark){map_hash(path, strlen(path)),
                                            inventory_folder_mark(root_fd, path)};
        }
        *ret = m;
        return 0;
}

uint64_t root_marks_stamp(const struct root_marks *m)
{
        size_t size = m->folders.count * sizeof(*m->folders.items);
        const uint64_t both[] = {m->databases, size ? map_hash(m->folders.items, size) : 0};
        return map_hash(both, sizeof(both));
}

bool root_marks_folder_changed(const struct root_marks *before, const struct root_marks *now, size_t i)
{
        if (i >= before->folders.count || i >= now->folders.count)
                return false;
        const struct place_mark *x = &before->folders.items[i], *y = &now->folders.items[i];
        return x->path != y->path || x->seen != y->seen;
}
