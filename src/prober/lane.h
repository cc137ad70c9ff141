/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: jobs on their way to a worker, and its answers. They go over one socket, one behind
 * the other, and are answered in this order. */

#include "prober/prober.h"

/* What is known about reading the inventory of one root. */
struct root_state {
        uint64_t worker; /* number of the worker that has it in its memory */
        bool hung;       /* reading it was late: files are looked at without it until it succeeds again */
};

struct job {
        struct job *next;
        uint64_t id;
        enum probe_kind kind;
        uint64_t time; /* that a whole tree may take, ns; 0: it is none */
        char *frame;
        size_t size;
        struct root_state *root; /* of inventory and file jobs that wait for it; else NULL */
        probe_done done;
        void *context;
};

void job_free(struct job *job);

struct lane {
        int socket;                /* -1: no worker */
        const struct buf *setup;   /* sent before the first job; or NULL */
        bool set_up;               /* … it was */
        bool ready;                /* who answers said that it is there */
        struct job *first, **last; /* outstanding, oldest first */
        struct job *sending;       /* the next to send; NULL: all sent */
        size_t sent;               /* bytes of it, or of the setup */
        size_t outstanding;
        uint64_t since; /* when the oldest job became that, boottime ns */
        struct buf input;
};

/* `setup` is borrowed. A lane stays where it is. */
void lane_init(struct lane *l, const struct buf *setup);
void lane_done(struct lane *l); /* forgets its jobs; the socket is the caller's */
/* All jobs are sent anew, to this worker. */
void lane_begin(struct lane *l, int socket);
void lane_add(struct lane *l, struct job *job);
struct job *lane_take(struct lane *l); /* the oldest, which is the caller's now */
/* Send as much as the socket takes. True: more is to be sent when it takes more. A broken socket is seen when
 * it is read. */
bool lane_send(struct lane *l);
/* Read what is there. `take`: 0; 1: no more of it; -errno: the sender lies. 0, or -errno: the worker is of no
 * use any more. */
int lane_receive(struct lane *l, int (*take)(void *context, struct lane *l, struct span frame),
                 void *context);
