/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/sensor: the probes of one file lie in several links, so that a change of some need not set
 * all of them anew. A link is never changed. */

#include "base/vec.h"
#include "sensor/sensor.h"

struct bpf_link;

struct probe_link {
        struct bpf_link *link; /* or NULL, and an event */
        int event;             /* or -1 */
        int guard;             /* closed behind them (probe_attach.c), or -1 */
        size_t count;
        struct function_probe probes[]; /* in their order: probe_sort() */
};

typedef VEC(struct probe_link *) probe_link_list;

void probe_sort(struct function_probe *probes, size_t count);

/* What has to be done so that these probes are set. */
struct probe_change {
        bool *kept;                    /* of each link that is there: it stays */
        struct function_probe *probes; /* that no such link has */
        size_t count;
};

/* 0 or -ENOMEM. `most` of them go into one link; where links have become too many for what is in them, none
 * is kept. To be given to probe_change_done() in either case. */
int probe_change_plan(const probe_link_list *held, const struct function_probe *wanted, size_t count,
                      size_t most, struct probe_change *ret);
void probe_change_done(struct probe_change *c);

/* A link that is not attached yet; NULL: -ENOMEM. */
struct probe_link *probe_link_new(const struct function_probe *probes, size_t count);
void probe_link_free(struct probe_link *l); /* detaches it, which waits for the kernel */
/* Detach and free them on others' time. The array is left empty. */
void probe_links_drop(probe_link_list *links);
/* Wait until that is done; before the program ends. */
void probe_links_wait(void);
