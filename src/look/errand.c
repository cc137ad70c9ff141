/* SPDX-License-Identifier: Apache-2.0 */

/* Jobs are sent in batches, and the look sleeps until all of a batch are answered. Meanwhile events are
 * drained, and whoever ends the program need not wait for a slow process. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { STOP_POLL_MS = 200 /* how soon a look ends that is to end */ };

struct errand *errand_new(struct look *l, int pid)
{
        struct errand *e = arena_alloc(&l->scratch, sizeof(*e));
        if (e) {
                e->look = l;
                e->pid = pid;
                e->time = clock_boottime();
        }
        return e;
}

/* 1 when all is answered, 0, or -errno with a sentence. */
static int wait_once(struct look *l, struct error *error)
{
        struct pollfd fds[] = {
                {.fd = prober_fd(l->prober), .events = POLLIN},
                {.fd = l->options.wait_ready ? l->options.wait_fd : -1, .events = POLLIN},
        };
        if (!prober_outstanding(l->prober))
                return 1;
        if (l->options.stopped && l->options.stopped(l->options.wait_context))
                return error_set(error, -ECANCELED, "ended before the look was done");
        int timeout = l->options.stopped ? STOP_POLL_MS : -1;
        if (poll(fds, ARRAY_SIZE(fds), timeout) < 0 && errno != EINTR)
                return error_set(error, -errno, "waiting for the worker failed: %s", strerror(errno));
        if (fds[1].revents)
                l->options.wait_ready(l->options.wait_context);
        int r = fds[0].revents ? prober_dispatch(l->prober) : 0;
        return r < 0 ? error_set(error, r, "no worker process can be started: %s", strerror(-r)) : 0;
}

static int wait_all(struct look *l, struct error *error)
{
        int r;
        do
                r = wait_once(l, error);
        while (!r);
        if (r < 0)
                prober_abandon(l->prober);
        return r < 0 ? r : 0;
}

int errands_wait(struct look *l, struct error *error)
{
        l->waiting = true;
        int r = wait_all(l, error);
        l->waiting = false;
        return r;
}

struct probe_job root_job(const struct look *l, const struct known_root *root, int pid)
{
        return (struct probe_job){
                .pid = pid,
                .root_id = root->root.id,
                .first = root->first,
                .python_paths = root->python_paths.items,
                .python_path_count = root->python_paths.count,
                .places = root->places.items,
                .place_count = root->places.count,
                .kernel_release = str_equal(root->root.id, "host") ? l->machine.kernel : NULL,
        };
}

const char *errand_failure_text(int r)
{
        return r == -ETIME ? "it took too long" : r == -EPIPE ? "the worker ended" : strerror(-r);
}
