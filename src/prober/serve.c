/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/channel.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/heap.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* The worker's loop: one frame in, one frame out, in order. It never waits for anything but its socket and
 * the work itself; jobs that came meanwhile wait in the socket. A second one, in a thread, does the same for
 * urgent jobs. */

/* Foreign files are mapped, and whoever may write to one can cut it while it is looked into. The pages that
 * are gone then read as zeros, like any other nonsense. A signal handler knows nothing but globals. */
static _Thread_local volatile sig_atomic_t pages_gone;

static void page_is_gone(int number, siginfo_t *info, void *context)
{
        uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
        void *page = (void *)((uintptr_t)info->si_addr & ~(size - 1));
        (void)context;
        if (info->si_code != BUS_ADRERR || mmap(page, size, PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
                signal(number, SIG_DFL); /* it comes again */
        pages_gone = 1;
}

enum { JOB_ARENA = 16 << 20, READ_SIZE = 64 * 1024, REST_COSTS_NS = 50000000 /* CPU time */ };

/* The next frame; `buffer` keeps what lies behind it. 1, 0 at the end of the stream, or -errno. The content
 * is valid until the next call, which must be given the size to drop. */
static int next_frame(int fd, struct buf *buffer, size_t *drop, struct span *ret)
{
        memmove(buffer->data, buffer->data + *drop, buffer->size - *drop);
        buffer->size -= *drop;
        *drop = 0;
        for (;;) {
                int r = frame_get(buffer->data, buffer->size, JOB_BYTES, ret, drop);
                if (r)
                        return r;
                char *at = buf_reserve(buffer, READ_SIZE);
                if (!at)
                        return buffer->error;
                ssize_t got = read(fd, at, READ_SIZE);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : 0;
                buf_grow(buffer, (size_t)got);
        }
}

/* Id, status (a positive errno) and the record. */
static int reply_send(int fd, uint64_t id, int status, const struct buf *record)
{
        _cleanup_buf_ struct buf reply = BUF_INIT(REPLY_BYTES + 64);
        size_t size = record && status == 0 ? record->size : 0;
        wire_put_u64(&reply, 2 * sizeof(uint64_t) + size);
        wire_put_u64(&reply, id);
        wire_put_u64(&reply, (uint64_t)-status);
        if (size)
                buf_add(&reply, record->data, size);
        return reply.error ? reply.error : file_write_fd(fd, reply.data, reply.size);
}

typedef int (*do_job)(struct worker *w, const struct probe_job *job, struct buf *reply);

static int answer(int fd, struct worker *w, do_job job_do, struct span frame)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(JOB_ARENA);
        _cleanup_buf_ struct buf record = BUF_INIT(REPLY_BYTES - 64);
        struct wire wire = WIRE_INIT(frame.data, frame.size);
        struct probe_job job;
        uint64_t id;
        int r = job_unpack(&wire, &a, &id, &job);
        if (r < 0)
                return r;
        pages_gone = 0;
        int status = job_do(w, &job, &record);
        /* An inventory has noted the file; anything else speaks of just this one. */
        if (pages_gone && job.kind != PROBE_INVENTORY)
                status = -EIO;
        return reply_send(fd, id, status < 0 ? status : record.error, &record);
}

static bool is_waiting(int fd)
{
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        return poll(&ready, 1, 0) > 0;
}

/* Large jobs leave free memory behind; it goes back when nobody waits, and as seldom as that is dear. */
static void rest(int fd, uint64_t *rested)
{
        uint64_t now = clock_cpu();
        if (now - *rested < REST_COSTS_NS || is_waiting(fd))
                return;
        heap_trim();
        *rested = clock_cpu();
}

/* `drop` bytes of the buffer are done with. 0: the other end closed the socket; -errno. */
static int answer_all(int fd, struct worker *w, do_job job_do, struct buf *buffer, size_t drop)
{
        struct span frame;
        uint64_t rested = 0;
        int r;
        while ((r = next_frame(fd, buffer, &drop, &frame)) > 0) {
                r = answer(fd, w, job_do, frame);
                if (r < 0)
                        break;
                if (drop == buffer->size)
                        rest(fd, &rested);
        }
        return r;
}

/* One of two that cannot go on ends the other one, too: whoever asked it would wait in vain, and learns at
 * once that the worker has to be replaced. */
static void end_together(int r)
{
        if (r < 0)
                _exit(1);
}

/* ---- the second one ---------------------------------------------------------------------------------- */

struct second {
        pthread_t thread;
        bool started;
        int shut_in;            /* what sandbox_calls() returned in it */
        pthread_barrier_t both; /* threads are there, and this one has called that */
        int fd;
        struct cgroup_choice cgroup;
        struct worker *first;
        pthread_mutex_t begin; /* held until `first` is there, or never will be */
};

/* Id 0: there is somebody who answers. */
static int second_serve(struct second *s)
{
        _cleanup_buf_ struct buf buffer = BUF_INIT(JOB_BYTES + READ_SIZE + 64);
        _cleanup_worker_ struct worker *w = NULL;
        if (!buf_reserve(&buffer, READ_SIZE))
                return -ENOMEM;
        int r = worker_urgent_new(&s->cgroup, s->first, &w);
        if (r == 0)
                r = reply_send(s->fd, 0, 0, NULL);
        if (r < 0)
                return r;
        end_together(answer_all(s->fd, w, worker_do_urgent, &buffer, 0));
        return 0;
}

static void *second_run(void *context)
{
        struct second *s = context;
        s->shut_in = sandbox_calls();
        pthread_barrier_wait(&s->both);
        pthread_mutex_lock(&s->begin);
        bool wanted = s->first != NULL;
        pthread_mutex_unlock(&s->begin);
        if (wanted)
                second_serve(s);
        return NULL;
}

/* Without it urgent jobs are not answered, and wait with the others. */
static void second_begin(struct second *s, int fd, const struct cgroup_choice *cgroup)
{
        s->fd = fd;
        s->cgroup = *cgroup;
        pthread_mutex_init(&s->begin, NULL);
        pthread_mutex_lock(&s->begin);
        pthread_barrier_init(&s->both, NULL, 2);
        s->started = pthread_create(&s->thread, NULL, second_run, s) == 0;
}

/* One after the other: libseccomp has variables of its own. */
static int shut_in_both(struct second *s)
{
        if (s->started)
                pthread_barrier_wait(&s->both);
        return s->shut_in < 0 ? s->shut_in : sandbox_calls();
}

static void second_end(struct second *s)
{
        if (s->started)
                pthread_join(s->thread, NULL);
        pthread_barrier_destroy(&s->both);
        pthread_mutex_destroy(&s->begin);
}

static int serve(int fd)
{
        _cleanup_buf_ struct buf buffer = BUF_INIT(JOB_BYTES + READ_SIZE + 64);
        _cleanup_worker_ struct worker *w = NULL;
        struct second second = {};
        struct cgroup_choice cgroup;
        struct span frame;
        size_t drop = 0;
        if (!buf_reserve(&buffer, READ_SIZE))
                return -ENOMEM;
        int r = next_frame(fd, &buffer, &drop, &frame);
        if (r <= 0)
                return r;
        struct wire wire = WIRE_INIT(frame.data, frame.size);
        r = setup_unpack(&wire, &cgroup);
        if (r == 0)
                r = sandbox_rights();
        if (r < 0) {
                reply_send(fd, 0, r, NULL);
                return r;
        }
        second_begin(&second, fd + 1, &cgroup);
        r = shut_in_both(&second);
        if (r == 0)
                r = worker_new(&cgroup, &w);
        /* Id 0: ready, or why not. */
        int sent = reply_send(fd, 0, r, NULL);
        if (r == 0)
                r = sent;
        second.first = r == 0 ? w : NULL;
        pthread_mutex_unlock(&second.begin);
        if (r == 0)
                end_together(answer_all(fd, w, worker_do, &buffer, drop));
        second_end(&second);
        return r;
}

/* Signals that end the whole group (Ctrl-C, a service manager, timeout(1)) are for the process that holds
 * the other end: it has a last look to take, and then closes the socket. */
static void leave_signals_to_parent(void)
{
        static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
        for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
                signal(signals[i], SIG_IGN);
}

int prober_serve(int socket_fd)
{
        struct sigaction gone = {.sa_sigaction = page_is_gone, .sa_flags = SA_SIGINFO};
        sigaction(SIGBUS, &gone, NULL);
        heap_stay_small();
        leave_signals_to_parent();
        return serve(socket_fd) < 0;
}
