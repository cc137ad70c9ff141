/* SPDX-License-Identifier: Apache-2.0 */

/* Jobs are sent as fast as the socket takes them and answered in order, so at any time the worker is busy
 * with the oldest one that is not answered: that is the one to blame when it is late or dies. The clock of
 * a job starts when we learn that its predecessor is done, never earlier: time in which nobody dispatched
 * is not held against it. */

#include "prober/lane.h"

#include "base/clock.h"
#include "prober/channel.h"

#include <errno.h>
#include <sys/socket.h>

enum {
        READ_SIZE = 256 * 1024,
        INPUT_KEPT = 2 * READ_SIZE,
};

void job_free(struct job *job)
{
        free(job->frame);
        free(job);
}

void lane_init(struct lane *l, const struct buf *setup)
{
        *l = (struct lane){.socket = -1, .setup = setup};
        l->last = &l->first;
        l->input = BUF_INIT((size_t)REPLY_BYTES + READ_SIZE + 64);
}

void lane_done(struct lane *l)
{
        while (l->first)
                job_free(lane_take(l));
        buf_done(&l->input);
}

void lane_begin(struct lane *l, int socket)
{
        l->socket = socket;
        l->set_up = !l->setup;
        l->ready = false;
        l->sent = 0;
        l->sending = l->first;
        l->since = clock_boottime();
        buf_clear(&l->input);
}

void lane_add(struct lane *l, struct job *job)
{
        if (!l->first)
                l->since = clock_boottime();
        *l->last = job;
        l->last = &job->next;
        if (!l->sending)
                l->sending = job;
        l->outstanding++;
}

struct job *lane_take(struct lane *l)
{
        struct job *job = l->first;
        l->first = job->next;
        l->outstanding--;
        if (!l->first)
                l->last = &l->first;
        if (l->sending == job)
                l->sending = job->next;
        l->since = clock_boottime();
        return job;
}

/* 1 all sent, 0 the socket is full, -errno. */
static int send_some(struct lane *l, const char *data, size_t size)
{
        while (l->sent < size) {
                ssize_t put = send(l->socket, data + l->sent, size - l->sent, MSG_NOSIGNAL);
                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return errno == EAGAIN ? 0 : -errno;
                l->sent += (size_t)put;
        }
        l->sent = 0;
        return 1;
}

bool lane_send(struct lane *l)
{
        int r = l->socket < 0 ? -ENOTCONN : 1;
        if (r > 0 && !l->set_up) {
                r = send_some(l, l->setup->data, l->setup->size);
                l->set_up = r > 0;
        }
        while (r > 0 && l->sending) {
                r = send_some(l, l->sending->frame, l->sending->size);
                if (r > 0)
                        l->sending = l->sending->next;
        }
        return r == 0;
}

/* 0, 1 or -errno, as of `take`. */
static int take_frames(struct lane *l, int (*take)(void *context, struct lane *l, struct span frame),
                       void *context)
{
        size_t used = 0;
        int r = 0;
        while (r == 0) {
                struct span frame;
                size_t size;
                r = frame_get(l->input.data + used, l->input.size - used, REPLY_BYTES, &frame, &size);
                if (r <= 0)
                        break;
                used += size;
                r = take(context, l, frame);
        }
        memmove(l->input.data, l->input.data + used, l->input.size - used);
        l->input.size -= used;
        if (!l->input.size && l->input.allocated > INPUT_KEPT)
                buf_done(&l->input); /* an inventory's */
        return r;
}

int lane_receive(struct lane *l, int (*take)(void *context, struct lane *l, struct span frame), void *context)
{
        for (;;) {
                char *at = buf_reserve(&l->input, READ_SIZE);
                if (!at)
                        return l->input.error;
                ssize_t got = recv(l->socket, at, READ_SIZE, 0);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return errno == EAGAIN ? 0 : -EPIPE;
                if (got == 0)
                        return -EPIPE;
                buf_grow(&l->input, (size_t)got);
                int r = take_frames(l, take, context);
                if (r)
                        return r > 0 ? 0 : -EPIPE;
        }
}
