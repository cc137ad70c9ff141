/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/prober.h"

#include "base/clock.h"
#include "base/map.h"
#include "prober/channel.h"
#include "prober/lane.h"
#include "prober/spawn.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

/* One worker, two lanes: what cannot wait is answered beside what takes its time, by a thread of the worker
 * that has a socket of its own. A late job costs the worker, and with it what both lanes wait for: the oldest
 * job of the guilty lane fails, the others are asked again, but for urgent ones, whose time is over by then.
 * Whoever can make urgent jobs late cannot keep others from their answers so: one costs them once. */

enum {
        MOST_STARTS = 3,   /* workers in a row that ended before they were ready */
        MOST_CORPSES = 64, /* killed, but still asleep in the kernel */
        NAMES_BYTES = 4 << 20,
};

#define DEADLINE           (2 * NS_PER_S)
#define DEADLINE_RUNTIMES  (5 * NS_PER_S) /* a look takes half a second of the CPU at most */
#define DEADLINE_INVENTORY (20 * NS_PER_S)
#define AFTER_TREE         (60 * NS_PER_S) /* behind the time that a tree may take */

enum lane_number { LANE_JOBS, LANE_URGENT, _LANE_MAX };

struct prober {
        struct prober_options options;
        struct cgroup_choice cgroup;
        char *program;
        int epoll, timer;
        struct lane lanes[_LANE_MAX];
        bool barred;  /* an urgent job was late: there are no others until who lost by that has his answers */
        bool running; /* there is a worker */
        pid_t pid;
        uint64_t worker; /* number of workers started */
        unsigned failed_starts;
        int fatal; /* no worker can be started any more */
        struct buf setup;
        uint64_t next_id;
        corpse_list corpses;
        struct prober_counts counts;
        struct map roots; /* root id → struct root_state */
        struct arena names;
};

/* ---- life --------------------------------------------------------------------------------------------- */

static void watch_socket(struct prober *p, struct lane *l, bool writing)
{
        struct epoll_event event = {.events = EPOLLIN | (writing ? (uint32_t)EPOLLOUT : 0)};
        epoll_ctl(p->epoll, EPOLL_CTL_MOD, l->socket, &event);
}

static void stop_worker(struct prober *p)
{
        if (!p->running)
                return;
        /* Closing alone leaves it in the set, and always ready, where a fork of this process holds it too. */
        for (struct lane *l = p->lanes; l < p->lanes + _LANE_MAX; l++) {
                epoll_ctl(p->epoll, EPOLL_CTL_DEL, l->socket, NULL);
                close(l->socket);
                l->socket = -1;
        }
        p->running = false;
        spawn_bury(p->pid, &p->corpses);
}

static int start_worker(struct prober *p)
{
        struct epoll_event event = {.events = EPOLLIN};
        int sockets[_LANE_MAX];
        if (spawn_reap(&p->corpses) >= MOST_CORPSES)
                return -EAGAIN;
        int r = spawn_worker(p->program, sockets, &p->pid);
        if (r < 0)
                return r;
        p->running = true;
        p->worker++;
        for (int i = 0; i < _LANE_MAX; i++) {
                lane_begin(&p->lanes[i], sockets[i]);
                if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, sockets[i], &event) < 0)
                        r = -errno;
        }
        if (r < 0)
                stop_worker(p);
        return r;
}

int prober_new(const struct prober_options *options, struct prober **ret, struct error *error)
{
        _cleanup_prober_ struct prober *p = calloc(1, sizeof(*p));
        if (!p)
                return error_set(error, -ENOMEM, "out of memory");
        p->epoll = p->timer = -1;
        p->options = *options;
        p->next_id = 1;
        p->setup = BUF_INIT(4096);
        lane_init(&p->lanes[LANE_JOBS], &p->setup);
        lane_init(&p->lanes[LANE_URGENT], NULL);
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

struct prober *prober_free(struct prober *p)
{
        if (!p)
                return NULL;
        stop_worker(p);
        /* A worker that is not stuck is gone at once; the others are left to init. */
        for (int i = 0; spawn_reap(&p->corpses) && i < 20; i++)
                usleep(1000);
        for (struct lane *l = p->lanes; l < p->lanes + _LANE_MAX; l++)
                lane_done(l);
        if (p->epoll >= 0)
                close(p->epoll);
        if (p->timer >= 0)
                close(p->timer);
        vec_done(&p->corpses);
        buf_done(&p->setup);
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

/* When the oldest job of the lane is late, boottime ns; UINT64_MAX: it has none. */
static uint64_t late_at(const struct prober *p, const struct lane *l)
{
        return l->first ? l->since + deadline_of(p, l->first) : UINT64_MAX;
}

static void arm(struct prober *p)
{
        struct itimerspec when = {};
        uint64_t at = MIN(late_at(p, &p->lanes[LANE_JOBS]), late_at(p, &p->lanes[LANE_URGENT]));
        if (at != UINT64_MAX) {
                when.it_value.tv_sec = (time_t)(at / NS_PER_S);
                when.it_value.tv_nsec = (long)(at % NS_PER_S);
        }
        timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* ---- sending ------------------------------------------------------------------------------------------ */

static void pump(struct prober *p)
{
        for (struct lane *l = p->lanes; p->running && l < p->lanes + _LANE_MAX; l++)
                watch_socket(p, l, lane_send(l));
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
        struct lane *lane = &p->lanes[job->urgent ? LANE_URGENT : LANE_JOBS];
        if (p->fatal)
                return p->fatal;
        if (job->urgent && (!lane->ready || p->barred))
                return -EAGAIN;
        struct job *new = calloc(1, sizeof(*new));
        if (!new)
                return -ENOMEM;
        struct probe_job sent = *job;
        if (job->root_id && !job->urgent && (job->kind == PROBE_INVENTORY || asks_owner(job->kind)))
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
        lane_add(lane, new);
        p->counts.jobs++;
        pump(p);
        arm(p);
        return 0;
}

/* ---- receiving ---------------------------------------------------------------------------------------- */

/* Take the oldest job out and tell its owner. It may submit others meanwhile. */
static void finish(struct prober *p, struct lane *l, int status, struct span record)
{
        struct job *job = lane_take(l);
        p->barred &= p->lanes[LANE_JOBS].first != NULL;
        struct wire reply = WIRE_INIT(record.data, record.size);
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

static void finish_all(struct prober *p, struct lane *l, int status)
{
        while (l->first)
                finish(p, l, status, (struct span){});
}

/* The worker is gone or of no use. The oldest job of `guilty` (NULL: nobody knows, of each) is to blame if it
 * was being worked on. */
static void lose_worker(struct prober *p, struct lane *guilty, int status)
{
        struct lane *jobs = &p->lanes[LANE_JOBS], *urgent = &p->lanes[LANE_URGENT];
        bool was_ready = jobs->ready;
        stop_worker(p);
        jobs->ready = urgent->ready = false; /* nobody can submit urgent jobs now */
        if (was_ready) {
                p->failed_starts = 0;
                if (guilty != urgent && jobs->first)
                        finish(p, jobs, status, (struct span){});
        } else if (++p->failed_starts >= MOST_STARTS) {
                p->fatal = status;
        }
        finish_all(p, urgent, guilty == urgent ? status : -EPIPE);
        p->barred |= guilty == urgent && jobs->first;
        *(status == -ETIME ? &p->counts.late : &p->counts.died) += 1;
}

/* One frame of the worker. The first one, id 0, says that it is set up. -EBADMSG: it lies. */
static int take_frame(void *context, struct lane *l, struct span frame)
{
        struct prober *p = context;
        struct wire w = WIRE_INIT(frame.data, frame.size);
        uint64_t id = wire_get_u64(&w), status = wire_get_max(&w, 4095);
        if (w.failed || (status && w.left))
                return -EBADMSG;
        if (!l->ready) {
                if (id || w.left)
                        return -EBADMSG;
                if (status) {
                        p->fatal = -(int)status;
                        return 1;
                }
                l->ready = true;
                l->since = clock_boottime();
                return 0;
        }
        if (!l->first || l->first->id != id || l->sending == l->first)
                return -EBADMSG;
        finish(p, l, -(int)status, (struct span){w.data, w.left});
        return 0;
}

static void fail_all(struct prober *p)
{
        stop_worker(p);
        for (struct lane *l = p->lanes; l < p->lanes + _LANE_MAX; l++)
                finish_all(p, l, -EPIPE);
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
        for (struct lane *l = p->lanes; p->running && !p->fatal && l < p->lanes + _LANE_MAX; l++) {
                int r = lane_receive(l, take_frame, p);
                if (r < 0)
                        lose_worker(p, NULL, r);
                else if (clock_boottime() >= late_at(p, l))
                        lose_worker(p, l, -ETIME);
        }
        if (!p->running && !p->fatal) {
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
        while (prober_outstanding(p)) {
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
        return p->lanes[LANE_JOBS].outstanding + p->lanes[LANE_URGENT].outstanding;
}

static void ignore(_unused_ void *context, _unused_ int status, _unused_ struct wire *reply)
{
}

void prober_abandon(struct prober *p)
{
        for (struct job *job = p->lanes[LANE_JOBS].first; job; job = job->next) {
                job->done = ignore;
                job->context = NULL;
        }
}

uint64_t prober_worker(const struct prober *p, uint64_t *ret_cpu)
{
        clockid_t clock;
        struct timespec t = {};
        if (p->running && clock_getcpuclockid(p->pid, &clock) == 0)
                clock_gettime(clock, &t);
        *ret_cpu = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
        return p->worker;
}

struct prober_counts prober_counts(const struct prober *p)
{
        return p->counts;
}
