/* SPDX-License-Identifier: Apache-2.0 */

/* Inventories are asked by two threads and changed by one, which holds the lock while it does: what it reads
 * anew lies elsewhere until it takes the place of what was known. */

#include "prober/worker_memory.h"

#include <errno.h>
#include <time.h>

enum { PATIENCE_NS = 100000000 }; /* for the first one to change what it is about to */

int roots_lock(struct worker *w)
{
        if (!w->first)
                return -pthread_mutex_lock(&w->lock);
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += PATIENCE_NS;
        if (until.tv_nsec >= 1000000000) {
                until.tv_nsec -= 1000000000;
                until.tv_sec++;
        }
        return pthread_mutex_clocklock(&w->first->lock, CLOCK_MONOTONIC, &until) ? -EAGAIN : 0;
}

void roots_unlock(struct worker *w)
{
        pthread_mutex_unlock(w->first ? &w->first->lock : &w->lock);
}

struct cached_root *root_find(struct worker *w, const char *root_id)
{
        return root_id ? map_get_str(w->first ? &w->first->roots : &w->roots, root_id) : NULL;
}
