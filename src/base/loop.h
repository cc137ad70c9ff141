/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One epoll loop for a whole process: descriptors, timers and signals are all callbacks that return 0
 * to go on, or anything else to end loop_run with that value. Level-triggered: a handler that leaves
 * bytes unread is called again. */

#include "base/macro.h"

struct loop;
typedef int (*loop_handler)(void *context);

int loop_new(struct loop **ret);
struct loop *loop_free(struct loop *l); /* returns NULL */
static inline void loop_freep(struct loop **l)
{
        *l = loop_free(*l);
}
#define _cleanup_loop_ _cleanup_(loop_freep)

/* Call when fd is readable. The descriptor stays the caller's; remove it before closing it. */
int loop_add_fd(struct loop *l, int fd, loop_handler handler, void *context);
void loop_remove_fd(struct loop *l, int fd);
/* Call after `first_ns`, then every `every_ns` (0: once). */
int loop_add_timer(struct loop *l, uint64_t first_ns, uint64_t every_ns, loop_handler handler, void *context);
/* Call when the signal arrives; it is blocked for the whole process from now on. */
int loop_add_signal(struct loop *l, int signal, loop_handler handler, void *context);
/* Run until a handler returns non-zero; gives that value, or -errno of epoll itself. */
int loop_run(struct loop *l);
