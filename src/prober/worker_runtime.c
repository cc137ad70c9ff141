/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_runtime.h"

#include "base/clock.h"
#include "prober/target.h"
#include "prober/worker_jobs.h"

#include <errno.h>

/* An engine sees an image of the process, never the process; each look has a share of memory traffic and
 * time. */

enum {
        TELL_MEMORY = 128 << 20,
        MOST_WATCHED = 4096,
        SESSIONS_MEMORY = 8 << 20,    /* bytes: what engines keep of all processes together */
        UNFINISHED_MEMORY = 32 << 20, /* … while a look goes on that was broken off: it would begin anew */
        LOOK_BYTES = 256 << 20,
        LOOK_CPU_NS = 100000000,
};

#define ASLEEP_NS (3 * 60 * NS_PER_S) /* between two looks at who runs there is a minute, or little more */
#define YOUNG_NS  (60 * NS_PER_S)     /* before that it is looked at more often */

/* ---- sessions --------------------------------------------------------------------------------------- */

static void sessions_close(struct watched_process *p)
{
        for (size_t n = 0; n < p->session_count; n++)
                p->sessions[n].engine->close(p->sessions[n].state);
        p->session_count = 0;
        p->rests = false;
}

static void forget(struct worker *w, struct watched_process *p)
{
        map_remove(&w->watched, &p->pid, sizeof(p->pid));
        w->watched_size -= p->size;
        sessions_close(p);
        free(p);
}

static void note_size(struct worker *w, struct watched_process *p, uint64_t size)
{
        w->watched_size += size - p->size;
        p->size = size;
}

void worker_runtimes_done(struct worker *w)
{
        size_t i = 0;
        for (void *value; map_next(&w->watched, &i, NULL, NULL, &value);) {
                sessions_close(value);
                free(value);
        }
        map_done(&w->watched);
}

static uint64_t size_of(const struct watched_process *p)
{
        uint64_t size = sizeof(*p);
        for (size_t n = 0; n < p->session_count; n++)
                size += p->sessions[n].engine->size(p->sessions[n].state);
        return size;
}

static struct watched_process *oldest(const struct worker *w, bool open)
{
        struct watched_process *found = NULL;
        size_t i = 0;
        for (void *value; map_next(&w->watched, &i, NULL, NULL, &value);) {
                struct watched_process *p = value;
                if ((!open || (p->session_count && !p->rests)) && (!found || p->used < found->used))
                        found = p;
        }
        return found;
}

/* The next look is a first one again: it tells all that is still in memory, and what is kept what its silence
 * means. */
static void rest(struct worker *w, struct watched_process *p, bool all)
{
        for (size_t n = 0; n < p->session_count; n++)
                p->sessions[n].engine->rest(p->sessions[n].state, all);
        p->rests = true;
        note_size(w, p, size_of(p));
}

static bool goes_on(const struct watched_process *p)
{
        for (size_t n = 0; n < p->session_count; n++)
                if (p->sessions[n].more)
                        return true;
        return false;
}

/* Who nobody asked about for minutes rests first: it does not run, or it has ended. Where all run they are
 * asked about in turn, and the one that was looked at just now will be the last again: if the oldest rested,
 * each would before its next look, and all looks were first ones. */
struct watched_process *worker_next_to_rest(const struct worker *w, struct watched_process *looked_at)
{
        struct watched_process *p = oldest(w, true);
        bool unfinished = looked_at && goes_on(looked_at) && w->watched_size <= UNFINISHED_MEMORY;
        if (unfinished)
                return p != looked_at ? p : NULL;
        bool in_turn = p && looked_at && looked_at->session_count && !looked_at->rests &&
                       looked_at->used < p->used + ASLEEP_NS && looked_at->used > looked_at->start + YOUNG_NS;
        return in_turn ? looked_at : p;
}

/* Of so many even what rests is too large. */
static void make_room_among_resting(struct worker *w, uint64_t most)
{
        uint64_t size = 0;
        size_t i = 0;
        for (void *value; map_next(&w->watched, &i, NULL, NULL, &value);)
                size += ((struct watched_process *)value)->rests ? ((struct watched_process *)value)->size
                                                                 : 0;
        i = 0;
        for (void *value; size > most && map_next(&w->watched, &i, NULL, NULL, &value);) {
                struct watched_process *p = value;
                if (!p->rests)
                        continue;
                size -= p->size;
                rest(w, p, true);
                size += p->size;
        }
}

static void make_room(struct worker *w, size_t most, struct watched_process *looked_at)
{
        while (w->watched.count > most) {
                w->forgot_before = clock_boottime();
                forget(w, oldest(w, false));
        }
        if (w->watched_size <= SESSIONS_MEMORY)
                return;
        for (struct watched_process *p;
             w->watched_size > SESSIONS_MEMORY && (p = worker_next_to_rest(w, looked_at));)
                rest(w, p, false);
        make_room_among_resting(w, SESSIONS_MEMORY / 2);
}

static struct watched_process *watched(struct worker *w, const struct probe_job *job)
{
        struct watched_process *p = map_get(&w->watched, &job->pid, sizeof(job->pid));
        if (p && p->start != job->start) {
                forget(w, p);
                p = NULL;
        }
        if (p)
                return p;
        make_room(w, MOST_WATCHED - 1, NULL);
        p = calloc(1, sizeof(*p));
        if (!p)
                return NULL;
        p->pid = job->pid;
        p->start = job->start;
        p->forgotten = p->start < w->forgot_before;
        if (map_put(&w->watched, &p->pid, sizeof(p->pid), p) < 0) {
                free(p);
                return NULL;
        }
        return p;
}

static int open_sessions(struct watched_process *p, struct image *i)
{
        for (size_t n = 0; engines[n] && p->session_count < RUNTIME_ENGINES; n++) {
                void *state;
                int r = engines[n]->open(i, &state);
                if (r == -ENOENT)
                        continue;
                if (r < 0)
                        return r;
                if (p->forgotten)
                        engines[n]->rest(state, true);
                p->sessions[p->session_count++] = (struct engine_session){
                        .engine = engines[n], .state = state, .since = clock_boottime()};
        }
        return 0;
}

static int look_in_sessions(struct watched_process *p, struct image *i)
{
        for (size_t n = 0; n < p->session_count; n++) {
                struct engine_session *s = &p->sessions[n];
                int r = s->engine->look(s->state, i, clock_boottime());
                s->more = r == 1;
                s->since = p->rests ? clock_boottime() : s->since;
                if (r < 0)
                        return r;
        }
        p->rests = false;
        return 0;
}

void worker_give_up_if_too_large(struct watched_process *p)
{
        p->too_large = goes_on(p) && size_of(p) > UNFINISHED_MEMORY;
        for (size_t n = 0; p->too_large && n < p->session_count; n++)
                p->sessions[n].more = false;
}

static int look_at(struct watched_process *p)
{
        _cleanup_(target_done) struct target t = {};
        _cleanup_image_ struct image image = {};
        int r = target_open(p->pid, &t);
        struct image_source source = target_source(&t);
        struct image_budget budget = {LOOK_BYTES, LOOK_CPU_NS};
        if (r == 0)
                r = image_open(&image, &source, t.areas, t.area_count, budget);
        if (r == 0 && !p->session_count)
                r = open_sessions(p, &image);
        if (r == 0 && (r = look_in_sessions(p, &image)) == -ESTALE) {
                sessions_close(p);
                p->forgotten = false; /* it runs another program now */
                r = open_sessions(p, &image);
                if (r == 0)
                        r = look_in_sessions(p, &image);
        }
        p->bytes = image.bytes;
        worker_give_up_if_too_large(p);
        return r;
}

int worker_runtimes(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(TELL_MEMORY);
        struct runtime_reply record = {};
        uint64_t begin = clock_cpu();
        if (!job->pid || !job->start)
                return -EINVAL;
        if (target_start(job->pid) != job->start)
                return -ESRCH;
        struct watched_process *p = watched(w, job);
        if (!p)
                return -ENOMEM;
        p->used = clock_boottime();
        p->bytes = 0;
        p->program_start = target_program_start(job->pid, &p->forked);
        int r = job->flags & RUNTIME_AGAIN || !p->session_count || p->rests ? look_at(p) : 0;
        /* What was read may be another process's: the pid must have been its own until the end. An exec keeps
         * pid and start; its sessions then find nothing at the addresses that they know. */
        if (r == 0 && target_start(job->pid) != job->start)
                r = -ESRCH;
        if (r == 0)
                r = worker_tell(w, job, p, &a, &record);
        if (r == 0 && record.looks.count)
                record.looks.items[0].cpu_ns = clock_cpu() - begin; /* the others share it */
        if (r == 0)
                runtime_reply_pack(&record, reply);
        runtime_reply_done(&record);
        if (r == -ESRCH || job->flags & RUNTIME_CLOSE) {
                forget(w, p);
                return r;
        }
        if (r < 0) {
                rest(w, p, false);
                return r;
        }
        if (p->too_large)
                rest(w, p, false);
        note_size(w, p, size_of(p));
        make_room(w, MOST_WATCHED, p);
        return 0;
}
