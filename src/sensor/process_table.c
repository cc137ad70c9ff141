/* SPDX-License-Identifier: Apache-2.0 */

/* The table holds whole headers, because a header is exactly what a record from elsewhere lacks. */

#include "sensor/process_table.h"

#include "base/vec.h"

#include <errno.h>
#include <stdio.h>

static void forget(struct process_table *t, uint32_t tgid)
{
        free(map_remove(&t->processes, &tgid, sizeof(tgid)));
}

void process_table_done(struct process_table *t)
{
        size_t at = 0;
        void *value;
        while (map_next(&t->processes, &at, NULL, NULL, &value))
                free(value);
        map_done(&t->processes);
}

int process_table_learn(struct process_table *t, const struct event_header *header)
{
        if (header->type == EVENT_EXIT) {
                forget(t, header->tgid);
                return 0;
        }
        struct event_header *known = map_get(&t->processes, &header->tgid, sizeof(header->tgid));
        if (known) {
                *known = *header;
                return 0;
        }
        _cleanup_free_ struct event_header *fresh = malloc(sizeof(*fresh));
        if (!fresh)
                return -ENOMEM;
        *fresh = *header;
        int r = map_put(&t->processes, &fresh->tgid, sizeof(fresh->tgid), fresh);
        if (r < 0)
                return r;
        (void)TAKE_PTR(fresh);
        return 0;
}

void process_table_rename(struct process_table *t, uint32_t tgid, const char *comm)
{
        struct event_header *known = map_get(&t->processes, &tgid, sizeof(tgid));
        if (known)
                snprintf(known->comm, sizeof(known->comm), "%s", comm);
}

void process_table_forget_before(struct process_table *t, uint64_t time)
{
        VEC(uint32_t) stale = {};
        size_t at = 0;
        void *value;
        while (map_next(&t->processes, &at, NULL, NULL, &value)) {
                struct event_header *header = value;
                uint32_t *slot = header->time < time ? vec_add(&stale) : NULL;
                if (slot)
                        *slot = header->tgid;
        }
        vec_each (tgid, &stale)
                forget(t, *tgid);
        vec_done(&stale);
}

const struct event_header *process_table_find(const struct process_table *t, uint32_t tgid)
{
        return map_get(&t->processes, &tgid, sizeof(tgid));
}
