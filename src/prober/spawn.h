/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: starting and burying workers. */

#include "base/vec.h"
#include "prober/channel.h"

#include <sys/types.h>

typedef VEC(pid_t) corpse_list;

/* Execute `program prober` with our ends of socketpairs as the result (non-blocking). 0 or -errno. */
int spawn_worker(const char *program, int ret_sockets[static SPAWN_SOCKETS], pid_t *ret_pid);
/* Kill; never waits: a worker that sleeps in an uninterruptible read dies when that read ends. */
int spawn_bury(pid_t pid, corpse_list *corpses);
/* Reap those that are dead by now. Returns how many are not. */
size_t spawn_reap(corpse_list *corpses);
