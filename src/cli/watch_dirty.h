/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which processes a small look is to look at again. */

#include <stdbool.h>
#include <stddef.h>

enum { DIRTY_MOST = 64 };

struct dirty_list {
        struct dirty {
                int pid;
                /* Of an unknown cgroup: look before it ends. Or it mapped a file that may have functions to
                 * be watched. */
                bool urgent;
        } items[DIRTY_MOST];
        size_t count;
        bool urgent; /* one of them is */
};

void dirty_mark(struct dirty_list *list, int pid, bool urgent);
/* Take them out: all, or only those that cannot wait. How many there are in `to`. */
size_t dirty_take(struct dirty_list *list, bool all, int to[static DIRTY_MOST]);
