/* SPDX-License-Identifier: Apache-2.0 */

/* Where the list is full, who cannot wait takes the place of one that can. What finds no room is told by the
 * events of its mappings, and seen by the next full look. */

#include "cli/watch_dirty.h"

/* Its place in the list, or a free one, or that of one that can wait; NULL: none. */
static struct dirty *find(struct dirty_list *list, int pid, bool urgent)
{
        struct dirty *other = NULL;
        for (struct dirty *d = list->items; d < list->items + list->count; d++) {
                if (d->pid == pid)
                        return d;
                if (!d->urgent)
                        other = d;
        }
        if (list->count == DIRTY_MOST)
                return urgent ? other : NULL;
        list->items[list->count] = (struct dirty){};
        return &list->items[list->count++];
}

void dirty_mark(struct dirty_list *list, int pid, bool urgent)
{
        struct dirty *d = find(list, pid, urgent);
        if (!d)
                return;
        *d = (struct dirty){.pid = pid, .urgent = urgent || (d->pid == pid && d->urgent)};
        list->urgent |= urgent;
}

size_t dirty_take(struct dirty_list *list, bool all, int to[static DIRTY_MOST])
{
        size_t taken = 0, kept = 0;
        for (size_t i = 0; i < list->count; i++)
                if (all || list->items[i].urgent)
                        to[taken++] = list->items[i].pid;
                else
                        list->items[kept++] = list->items[i];
        list->count = kept;
        list->urgent = false;
        return taken;
}
