/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "base/map.h"
#include "prober/channel.h"
#include "prober/spawn.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

/* Jobs are sent as fast as the socket takes them and answered in order, so at any time the worker is busy
 * with the oldest one that is not answered: that is the one to blame when it is late or dies. The clock of
 * a job starts when we learn that its predecessor is done, never earlier: time in which nobody dispatched
 * is not held against it. */

enum {
        READ_SIZE = 256 * 1024,
        INPUT_KEPT = 2 * READ_SIZE,
        MOST_STARTS = 3,   /* workers in a row that ended before they were ready */
        MOST_CORPSES = 64, /* killed, but still asleep in the kernel */
        NAMES_BYTES = 4 << 20,
};

#define DEADLINE           (2 * NS_PER_S)
#define DEADLINE_RUNTIMES  (5 * NS_PER_S) /* a look takes half a second of the CPU at most */
#define DEADLINE_INVENTORY (20 * NS_PER_S)
#define AFTER_TREE         (60 * NS_PER_S) /* behind the time that a tree may take */

struct job {
        struct job *next;
        uint64_t id;
        enum probe_kind kind;
        uint64_t time; /* that a whole tree may take, ns; 0: it is none */
        char *frame;
        size_t size;
        struct root_state *root; /* of inventory and file jobs; else NULL */
        probe_done done;
        void *context;
};

/* What is known about reading the inventory of one root. */
struct root_state {
        uint64_t worker; /* number of the worker that has it in its memory */
        bool hung;       /* reading it was late: files are looked at without it until it succeeds again */
};

struct prober {
        struct prober_options options;
        struct cgroup_choice cgroup;
        char *program;
        int epoll, timer;
        int socket; /* -1: no worker */
        pid_t pid;
        bool ready;      /* the worker said that it is set up */
        uint64_t worker; /* number of workers started */
        unsigned failed_starts;
        int fatal; /* no worker can be started any more */

        struct job *first, **last; /* outstanding, oldest first */
        struct job *sending;       /* the next to send; NULL: all sent */
        size_t sent;               /* bytes of it, or of the setup */
        size_t outstanding;
        bool setup_sent;
        struct buf setup;
        uint64_t next_id, since; /* since: when the oldest job became that, boottime ns */
        struct buf input;
        corpse_list corpses;
        struct prober_counts counts;
        struct map roots; /* root id → struct root_state */
        struct arena names;
};

/* ---- life --------------------------------------------------------------------------------------------- */

static void watch_socket(struct prober *p, bool writing)
{
        struct epoll_event event = {.events = EPOLLIN | (writing ? (uint32_t)EPOLLOUT : 0)};
        epoll_ctl(p->epoll, EPOLL_CTL_MOD, p->socket, &event);
}

static int start_worker(struct prober *p)
{
        struct epoll_event event = {.events = EPOLLIN};
        if (spawn_reap(&p->corpses) >= MOST_CORPSES)
                return -EAGAIN;
        int r = spawn_worker(p->program, &p->socket, &p->pid);
        if (r < 0)
                return r;
        if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->socket, &event) < 0)
                return -errno;
        p->worker++;
        p->ready = false;
        p->setup_sent = false;
        p->sent = 0;
        p->sending = p->first;
        p->since = clock_boottime();
        buf_clear(&p->input);
        return 0;
}

static void stop_worker(struct prober *p)
{
        if (p->socket < 0)
                return;
        /* Closing alone leaves it in the set, and always ready, where a fork of this process holds it too. */
        epoll_ctl(p->epoll, EPOLL_CTL_DEL, p->socket, NULL);
        close(p->socket);
        p->socket = -1;
        spawn_bury(p->pid, &p->corpses);
}

int prober_new(const struct prober_options *options, struct prober **ret, struct error *error)
{
        _cleanup_prober_ struct prober *p = calloc(1, sizeof(*p));
        if (!p)
                return error_set(error, -ENOMEM, "out of memory");
        p->epoll = p->timer = p->socket = -1;
        p->options = *options;
        p->last = &p->first;
        p->next_id = 1;
        p->setup = BUF_INIT(4096);
        p->input = BUF_INIT((size_t)REPLY_BYTES + READ_SIZE + 64);
        p->names = ARENA_INIT(NAMES_BYTES);
        p->program = strdup(options->program ? options->program : "/proc/self/exe");
        p->epoll = epoll_create1(EPOLL_CLOEXEC);
        p->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN};
        if (!p->program || p->epoll < 0 || p->timer < 0 ||
            epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->timer, &event) < 0)
                return error_set(error, -errno, "cannot set up the worker: %s", strerror(errno));
        int r = 0;
        if (options->cgroup)
                p->cgroup = *options->cgroup;
        else
                r = cgroup_choose(&p->cgroup);
        if (r < 0)
                return error_set(error, r, "cannot tell which cgroup hierarchy is used: %s", strerror(-r));
        _cleanup_buf_ struct buf setup = BUF_INIT(2048);
        setup_pack(&p->cgroup, &setup);
        frame_put(&p->setup, setup.data, setup.size);
        if (setup.error || p->setup.error)
                return error_set(error, -ENOMEM, "out of memory");
        r = start_worker(p);
        if (r < 0)
                return error_set(error, r, "cannot start the worker: %s", strerror(-r));
        *ret = TAKE_PTR(p);
        return 0;
}

static void job_free(struct job *job)
{
        free(job->frame);
        free(job);
}

struct prober *prober_free(struct prober *p)
{
        if (!p)
                return NULL;
        stop_worker(p);
        /* A worker that is not stuck is gone at once; the others are left to init. */
        for (int i = 0; spawn_reap(&p->corpses) && i < 20; i++)
                usleep(1000);
        while (p->first) {
                struct job *job = p->first;
                p->first = job->next;
                job_free(job);
        }
        if (p->epoll >= 0)
                close(p->epoll);
        if (p->timer >= 0)
                close(p->timer);
        vec_done(&p->corpses);
        buf_done(&p->setup);
        buf_done(&p->input);
        map_done(&p->roots);
        arena_done(&p->names);
        free(p->program);
        free(p);
        return NULL;
}

/* ---- deadlines ---------------------------------------------------------------------------------------- */

static bool asks_owner(enum probe_kind kind)
{
        return kind == PROBE_FILE || kind == PROBE_RUNTIMES;
}

static uint64_t deadline_of(const struct prober *p, const struct job *job)
{
        if (p->options.deadline_ns)
                return p->options.deadline_ns;
        /* A worker that has not read this root yet reads it in order to tell whose a file of it is; debug
         * information is large. */
        bool reads =
                job->kind == PROBE_INVENTORY || job->kind == PROBE_FUNCTIONS ||
                (asks_owner(job->kind) && job->root && !job->root->hung && job->root->worker != p->worker);
        return job->time                     ? job->time + AFTER_TREE
               : reads                       ? DEADLINE_INVENTORY
               : job->kind == PROBE_RUNTIMES ? DEADLINE_RUNTIMES
                                             : DEADLINE;
}

static void arm(struct prober *p)
{
        struct itimerspec when = {};
        if (p->first) {
                uint64_t at = p->since + deadline_of(p, p->first);
                when.it_value.tv_sec = (time_t)(at / NS_PER_S);
                when.it_value.tv_nsec = (long)(at % NS_PER_S);
        }
        timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* ---- sending ------------------------------------------------------------------------------------------ */

/* 1 all sent, 0 the socket is full, -errno. */
static int send_some(struct prober *p, const char *data, size_t size)
{
        while (p->sent < size) {
                ssize_t put = send(p->socket, data + p->sent, size - p->sent, MSG_NOSIGNAL);
                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return errno == EAGAIN ? 0 : -errno;
                p->sent += (size_t)put;
        }
        p->sent = 0;
        return 1;
}

static void pump(struct prober *p)
{
        int r = p->socket < 0 ? 0 : 1;
        if (r > 0 && !p->setup_sent) {
                r = send_some(p, p->setup.data, p->setup.size);
                p->setup_sent = r > 0;
        }
        while (r > 0 && p->sending) {
                r = send_some(p, p->sending->frame, p->sending->size);
                if (r > 0)
                        p->sending = p->sending->next;
        }
        /* A broken socket is seen, and dealt with, when it is read. */
        if (p->socket >= 0)
                watch_socket(p, r == 0);
}

static struct root_state *root_state(struct prober *p, const char *root_id)
{
        struct root_state *state = map_get_str(&p->roots, root_id);
        if (state)
                return state;
        char *name = arena_strdup(&p->names, root_id);
        state = arena_alloc(&p->names, sizeof(*state));
        return name && state && map_put_str(&p->roots, name, state) == 0 ? state : NULL;
}

int prober_submit(struct prober *p, const struct probe_job *job, probe_done done, void *context)
{
        if (p->fatal)
                return p->fatal;
        struct job *new = calloc(1, sizeof(*new));
        if (!new)
                return -ENOMEM;
        struct probe_job sent = *job;
        if (job->root_id && (job->kind == PROBE_INVENTORY || asks_owner(job->kind)))
                new->root = root_state(p, job->root_id);
        if (asks_owner(job->kind) && new->root &&new->root->hung)
                sent.flags |= PROBE_NO_INVENTORY;
        _cleanup_buf_ struct buf record = BUF_INIT(JOB_BYTES), frame = BUF_INIT(JOB_BYTES + 64);
        job_pack(p->next_id, &sent, &record);
        frame_put(&frame, record.data, record.size);
        if (record.error || frame.error) {
                free(new);
                return record.error ? record.error : frame.error;
        }
        new->id = p->next_id++;
        new->kind = job->kind;
        if (job->kind == PROBE_INVENTORY && job->flags & PROBE_TREE_WHOLE)
                new->time = job->time ? MIN(job->time, TIME_MOST) : TIME_TREE;
        new->size = frame.size;
        new->frame = buf_take(&frame);
        new->done = done;
        new->context = context;
        if (!p->first)
                p->since = clock_boottime();
        *p->last = new;
        p->last = &new->next;
        if (!p->sending)
                p->sending = new;
        p->counts.jobs++;
        p->outstanding++;
        pump(p);
        arm(p);
        return 0;
}

/* ---- receiving ---------------------------------------------------------------------------------------- */

/* Take the oldest job out and tell its owner. It may submit others meanwhile. */
static void finish(struct prober *p, int status, struct span record)
{
        struct job *job = p->first;
        struct wire reply = WIRE_INIT(record.data, record.size);
        p->first = job->next;
        p->outstanding--;
        if (!p->first)
                p->last = &p->first;
        if (p->sending == job)
                p->sending = job->next;
        p->since = clock_boottime();
        if (job->root && job->kind == PROBE_INVENTORY && status == 0)
                *job->root = (struct root_state){.worker = p->worker};
        else if (job->root && asks_owner(job->kind) && status == 0 && !job->root->hung)
                job->root->worker = p->worker;
        else if (job->root && status == -ETIME &&
                 (job->kind == PROBE_INVENTORY || job->root->worker != p->worker))
                job->root->hung = true;
        job->done(job->context, status, &reply);
        job_free(job);
}

/* The worker is gone or of no use. The oldest job is to blame if it was being worked on. */
static void lose_worker(struct prober *p, int status)
{
        bool was_ready = p->ready;
        stop_worker(p);
        p->sending = p->first;
        p->sent = 0;
        if (was_ready) {
                p->failed_starts = 0;
                if (p->first)
                        finish(p, status, (struct span){});
        } else if (++p->failed_starts >= MOST_STARTS) {
                p->fatal = status;
        }
        *(status == -ETIME ? &p->counts.late : &p->counts.died) += 1;
}

/* One frame of the worker. The first one, id 0, says that it is set up. -EBADMSG: it lies. */
static int take_frame(struct prober *p, struct span frame)
{
        struct wire w = WIRE_INIT(frame.data, frame.size);
        uint64_t id = wire_get_u64(&w), status = wire_get_max(&w, 4095);
        if (w.failed || (status && w.left))
                return -EBADMSG;
        if (!p->ready) {
                if (id || w.left)
                        return -EBADMSG;
                if (status) {
                        p->fatal = -(int)status;
                        return 0;
                }
                p->ready = true;
                p->since = clock_boottime();
                return 0;
        }
        if (!p->first || p->first->id != id || (p->sending == p->first))
                return -EBADMSG;
        finish(p, -(int)status, (struct span){w.data, w.left});
        return 0;
}

static int take_frames(struct prober *p)
{
        size_t used = 0;
        int r = 1;
        while (!p->fatal) {
                struct span frame;
                size_t size;
                r = frame_get(p->input.data + used, p->input.size - used, REPLY_BYTES, &frame, &size);
                if (r <= 0)
                        break;
                used += size;
                r = take_frame(p, frame);
                if (r < 0)
                        break;
        }
        memmove(p->input.data, p->input.data + used, p->input.size - used);
        p->input.size -= used;
        if (!p->input.size && p->input.allocated > INPUT_KEPT)
                buf_done(&p->input); /* an inventory's */
        return r < 0 ? r : 0;
}

/* Read what is there. 0, or -errno: the worker is of no use any more. */
static int receive(struct prober *p)
{
        while (!p->fatal) {
                char *at = buf_reserve(&p->input, READ_SIZE);
                if (!at)
                        return p->input.error;
                ssize_t got = recv(p->socket, at, READ_SIZE, 0);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return errno == EAGAIN ? 0 : -EPIPE;
                if (got == 0)
                        return -EPIPE;
                buf_grow(&p->input, (size_t)got);
                int r = take_frames(p);
                if (r < 0)
                        return -EPIPE;
        }
        return 0;
}

static void fail_all(struct prober *p)
{
        stop_worker(p);
        while (p->first)
                finish(p, -EPIPE, (struct span){});
}

int prober_fd(const struct prober *p)
{
        return p->epoll;
}

int prober_dispatch(struct prober *p)
{
        uint64_t expirations;
        if (read(p->timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
                return -errno;
        spawn_reap(&p->corpses);
        if (p->socket >= 0 && !p->fatal) {
                int r = receive(p);
                if (r < 0)
                        lose_worker(p, r);
                else if (p->first && clock_boottime() >= p->since + deadline_of(p, p->first))
                        lose_worker(p, -ETIME);
        }
        if (p->socket < 0 && !p->fatal) {
                int r = start_worker(p);
                if (r < 0)
                        p->fatal = r;
        }
        if (p->fatal)
                fail_all(p);
        pump(p);
        arm(p);
        return p->fatal;
}

int prober_run(struct prober *p)
{
        while (p->first) {
                struct epoll_event event;
                if (epoll_wait(p->epoll, &event, 1, -1) < 0 && errno != EINTR)
                        return -errno;
                int r = prober_dispatch(p);
                if (r < 0)
                        return r;
        }
        return p->fatal;
}

size_t prober_outstanding(const struct prober *p)
{
        return p->outstanding;
}

uint64_t prober_worker(const struct prober *p, uint64_t *ret_cpu)
{
        clockid_t clock;
        struct timespec t = {};
        if (p->socket >= 0 && clock_getcpuclockid(p->pid, &clock) == 0)
                clock_gettime(clock, &t);
        *ret_cpu = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
        return p->worker;
}

struct prober_counts prober_counts(const struct prober *p)
{
        return p->counts;
}
