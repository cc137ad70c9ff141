/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The provoked events: a child of the sensor that does, once, everything a hook must see. */

#include "sensor/sensor.h"

#include <sys/types.h>

#define PROOF_FILE "/memfd:usewear-proof" /* how the mapping of the proof is called */

struct proof {
        pid_t child;               /* as this process numbers it */
        char word[32];             /* an argument of the child that nobody else has */
        uint32_t tgid, grandchild; /* in the initial pid namespace; 0 not yet known */
        uint32_t came;             /* types of its events that arrived */
};

/* Start `program self-prove WORD`. 0 or -errno. */
int proof_start(struct proof *p, const char *program);
/* True once the child has ended; a child that is late is killed by proof_stop. */
bool proof_ended(struct proof *p);
void proof_stop(struct proof *p);
/* Look whether the event is the proof's; true: it is, and belongs to nobody else. */
bool proof_take(struct proof *p, const struct event *event);
