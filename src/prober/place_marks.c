/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/place_marks.h"

#include "base/map.h"
#include "inventory/inventory.h"

#include <errno.h>

int marks_take(int root_fd, const struct probe_job *job, mark_list *to)
{
        for (size_t i = 0; i < job->place_count; i++) {
                const char *place = job->places[i];
                struct place_mark *mark = vec_add(to);
                if (!mark)
                        return -ENOMEM;
                *mark = (struct place_mark){map_hash(place, strlen(place)),
                                            inventory_place_mark(root_fd, place)};
        }
        return 0;
}

bool marks_changed(const mark_list *marks, int root_fd, const struct probe_job *job)
{
        for (size_t i = 0; i < MIN(marks->count, job->place_count); i++) {
                const char *place = job->places[i];
                const struct place_mark *old = &marks->items[i];
                if (map_hash(place, strlen(place)) != old->path)
                        continue;
                uint64_t now = inventory_place_mark(root_fd, place);
                if (now && now != old->seen)
                        return true;
        }
        return false;
}
