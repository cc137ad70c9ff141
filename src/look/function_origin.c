/* SPDX-License-Identifier: Apache-2.0 */

/* A child goes on in whatever function its parent was when it forked, in whatever workload it is by then, and
 * nobody sees it enter that. So it counts when the program began that it runs: exec begins one, fork hands on
 * the old one. Events tell of both, in their order; what began before them, the processes themselves. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

enum { MOST_FORKS = 64 /* that are followed back */ };

/* A process that was forked, or executed a program, since the watch began. */
struct origin {
        int pid;                /* key */
        int forker;             /* whose program it runs; 0: it has executed one of its own */
        bool inherited;         /* … and ran its forker's before that */
        uint64_t cgroup;        /* where it was told to be last */
        uint64_t began, before; /* boottime ns: the program that it runs, and the one that it ran before; 0:
                                 * not known */
};

static struct origin *origin_of(const struct native_watch *n, int pid)
{
        return map_get(&n->origins, &pid, sizeof(pid));
}

static struct origin *intern(struct native_watch *n, int pid)
{
        struct origin *o = origin_of(n, pid);
        if (o)
                return o;
        o = calloc(1, sizeof(*o));
        if (!o)
                return NULL;
        o->pid = pid;
        if (map_put(&n->origins, &o->pid, sizeof(o->pid), o) < 0) {
                free(o);
                return NULL;
        }
        return o;
}

void functions_forget_origins(struct native_watch *n)
{
        size_t i = 0;
        for (void *value; map_next(&n->origins, &i, NULL, NULL, &value);)
                free(value);
        map_done(&n->origins);
}

/* Of a process that was there before the events: its parents are asked for, of whom who has a new program is
 * no younger than what the child runs. */
static uint64_t began_before(const struct look *l, const struct entry *e)
{
        uint64_t start = e->process.start;
        for (unsigned depth = 0; e->process.forked; depth++) {
                e = depth < MOST_FORKS ? table_get(&l->table, e->process.ppid) : NULL;
                if (!e || origin_of(&l->native, e->pid))
                        return 0;
                start = MIN(start, e->process.start);
        }
        return start;
}

uint64_t function_program_start(const struct look *l, const struct entry *e)
{
        const struct origin *o = origin_of(&l->native, e->pid);
        if (!o)
                return began_before(l, e);
        /* It may have executed another one since it was read. */
        if (o->inherited)
                return e->process.forked ? o->before : o->began;
        if (o->forker || o->began <= e->asked_at)
                return o->began;
        return o->before <= e->asked_at ? o->before : 0;
}

/* ---- workloads that it comes to ---------------------------------------------------------------------- */

/* Who was looked at and runs the same program, with the same mappings; NULL: nobody does. */
static const struct entry *holder_of(const struct look *l, const struct origin *o)
{
        uint64_t began = o->began;
        for (int depth = 0, pid = o->pid; pid && depth < MOST_FORKS; depth++) {
                const struct entry *e = table_get(&l->table, pid);
                if (e && e->joined && !e->incomplete && function_program_start(l, e) == began)
                        return e;
                pid = o ? o->forker : 0;
                o = origin_of(&l->native, pid);
        }
        return NULL;
}

static bool has_mapped(const struct entry *e, const struct probed_file *f)
{
        vec_each (m, &e->process.mappings)
                if (m->inode == f->inode && m->device == f->device)
                        return true;
        return false;
}

/* No mapping is told of it there, and it may be gone before it is looked at. */
static void visit(struct look *l, const struct origin *o)
{
        struct native_watch *n = &l->native;
        const char *workload = function_workload_of(l, o->cgroup, 0);
        const struct entry *holder = holder_of(l, o);
        int64_t began = clock_wall_of(o->began);
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next(n, &i));) {
                if (!f->functions.count || (holder && !has_mapped(holder, f)))
                        continue;
                vec_each (user, &f->users)
                        if ((user->cgroup == o->cgroup || str_equal(user->workload, workload)) &&
                            user->oldest > began) {
                                user->oldest = began;
                                f->news = true;
                        }
        }
}

/* ---- events ------------------------------------------------------------------------------------------ */

bool look_process_forked(struct look *l, int pid, int forker, uint64_t cgroup)
{
        struct native_watch *n = &l->native;
        const struct origin *from = origin_of(n, forker);
        const struct entry *known = from ? NULL : table_get(&l->table, forker);
        uint64_t began = from ? from->began : known ? began_before(l, known) : 0;
        uint64_t there = from ? from->cgroup : known ? known->process.cgroup_id : 0;
        struct origin *o = n->sensor ? intern(n, pid) : NULL;
        if (!o)
                return false;
        *o = (struct origin){.pid = pid, .forker = forker, .cgroup = cgroup, .began = began, .before = began};
        if (there != cgroup)
                made_cgroup_left(l, there);
        if (!there || there == cgroup)
                return false;
        visit(l, o);
        return true;
}

void look_process_executed(struct look *l, int pid, uint64_t cgroup, uint64_t time)
{
        struct native_watch *n = &l->native;
        const struct origin *known = origin_of(n, pid);
        struct origin executed = {.pid = pid, .cgroup = cgroup, .began = time};
        struct entry *e = table_get(&l->table, pid);
        if (e)
                functions_doubt_answers(e);
        if (known) {
                executed.inherited = known->forker;
                executed.before = known->began;
        }
        struct origin *o = n->sensor ? intern(n, pid) : NULL;
        if (o)
                *o = executed;
}

void look_process_moved(struct look *l, int pid, uint64_t cgroup)
{
        struct native_watch *n = &l->native;
        struct origin *o = origin_of(n, pid);
        const struct entry *known = o ? NULL : table_get(&l->table, pid);
        struct origin alone = {.pid = pid, .began = known ? began_before(l, known) : 0};
        if (!n->sensor)
                return;
        if (!o)
                o = &alone;
        made_cgroup_left(l, o->cgroup); /* of one that began before the watch, any: it may have moved twice */
        o->cgroup = cgroup;
        visit(l, o);
}

void function_origin_ended(struct native_watch *n, int pid)
{
        free(map_remove(&n->origins, &pid, sizeof(pid)));
}
