/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/clock.h"
#include "base/vec.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

struct source {
        int fd;
        bool owned;     /* timers and signals: the loop opened it and drains it */
        bool removed;   /* dead, but events already fetched may still name it */
        size_t message; /* bytes of one message to drain */
        loop_handler handler;
        void *context;
};

struct loop {
        int epoll;
        VEC(struct source *) sources;
};

int loop_new(struct loop **ret)
{
        struct loop *l = calloc(1, sizeof(*l));
        if (!l)
                return -ENOMEM;
        l->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (l->epoll < 0) {
                int r = -errno;
                free(l);
                return r;
        }
        *ret = l;
        return 0;
}

struct loop *loop_free(struct loop *l)
{
        if (!l)
                return NULL;
        vec_each (source, &l->sources) {
                if ((*source)->owned && !(*source)->removed)
                        close((*source)->fd);
                free(*source);
        }
        vec_done(&l->sources);
        close(l->epoll);
        free(l);
        return NULL;
}

static int loop_add(struct loop *l, struct source template)
{
        _cleanup_free_ struct source *source = malloc(sizeof(*source));
        if (!source)
                return -ENOMEM;
        *source = template;
        struct source **slot = vec_add(&l->sources);
        if (!slot)
                return -ENOMEM;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, source->fd, &event) < 0) {
                l->sources.count--;
                return -errno;
        }
        *slot = TAKE_PTR(source);
        return 0;
}

int loop_add_fd(struct loop *l, int fd, loop_handler handler, void *context)
{
        return loop_add(l, (struct source){.fd = fd, .handler = handler, .context = context});
}

void loop_remove_fd(struct loop *l, int fd)
{
        vec_each (source, &l->sources) {
                if ((*source)->fd != fd || (*source)->removed)
                        continue;
                epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
                (*source)->removed = true;
        }
}

static int loop_add_owned(struct loop *l, int fd, size_t message, loop_handler handler, void *context)
{
        if (fd < 0)
                return -errno;
        int r = loop_add(
                l,
                (struct source){
                        .fd = fd, .owned = true, .message = message, .handler = handler, .context = context});
        if (r < 0)
                close(fd);
        return r;
}

int loop_add_timer(struct loop *l, uint64_t first_ns, uint64_t every_ns, loop_handler handler, void *context)
{
        struct itimerspec when = {
                .it_value = {(time_t)(first_ns / NS_PER_S), (long)(first_ns % NS_PER_S)},
                .it_interval = {(time_t)(every_ns / NS_PER_S), (long)(every_ns % NS_PER_S)},
        };
        if (!first_ns)
                when.it_value.tv_nsec = 1;
        int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        if (fd >= 0)
                timerfd_settime(fd, 0, &when, NULL);
        return loop_add_owned(l, fd, sizeof(uint64_t), handler, context);
}

int loop_add_signal(struct loop *l, int signal, loop_handler handler, void *context)
{
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        return loop_add_owned(l, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
                              sizeof(struct signalfd_siginfo), handler, context);
}

/* Removed sources are freed only between rounds: a fetched event may still point at them. */
static void loop_sweep(struct loop *l)
{
        size_t kept = 0;
        vec_each (source, &l->sources) {
                if ((*source)->removed)
                        free(*source);
                else
                        l->sources.items[kept++] = *source;
        }
        l->sources.count = kept;
}

int loop_run(struct loop *l)
{
        for (;;) {
                struct epoll_event events[32];
                loop_sweep(l);
                int count = epoll_wait(l->epoll, events, ARRAY_SIZE(events), -1);
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0)
                        return -errno;
                for (int i = 0; i < count; i++) {
                        struct source *source = events[i].data.ptr;
                        char message[sizeof(struct signalfd_siginfo)];
                        if (source->removed)
                                continue;
                        if (source->owned && read(source->fd, message, source->message) < 0)
                                continue;
                        int r = source->handler(source->context);
                        if (r)
                                return r;
                }
        }
}
