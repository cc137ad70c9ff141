/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who a tgid is, for records that name only the number: kept by the process events, refilled by the
 * iterator when some of them were dropped. */

#include "base/map.h"
#include "bpf/event.h"

struct process_table {
        struct map processes; /* tgid → struct event_header, owned */
};

void process_table_done(struct process_table *t);
/* Learn from the header of any record; EVENT_EXIT forgets the process. 0 or -ENOMEM. */
int process_table_learn(struct process_table *t, const struct event_header *header);
/* It has this name now. */
void process_table_rename(struct process_table *t, uint32_t tgid, const char *comm);
/* Forget all but what was learnt at or after this time (boottime ns): after a refill. */
void process_table_forget_before(struct process_table *t, uint64_t time);
/* The last that was heard of it, or NULL. */
const struct event_header *process_table_find(const struct process_table *t, uint32_t tgid);
