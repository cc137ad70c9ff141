/* SPDX-License-Identifier: Apache-2.0 */

/* What the probes told, and what their silence means: evidence and coverage of functions. */

#include "look/state.h"

#include "base/clock.h"

#include <errno.h>

static bool is_shared(const struct probed_function *p)
{
        for (size_t i = 0; i < p->found.site_count; i++)
                if (p->found.sites[i].shared)
                        return true;
        return false;
}

static int join_hits(const struct probed_file *f, const struct probed_function *p, evidence_list *to)
{
        vec_each (hit, &p->hits) {
                struct evidence *e = vec_add(to);
                if (!e)
                        return -ENOMEM;
                *e = (struct evidence){
                        .workload = hit->workload,
                        .package = p->package,
                        .object = f->object,
                        .subject = p->subject,
                        .kind = p->root && !is_shared(p) ? EVIDENCE_REACHED : EVIDENCE_EXECUTED,
                        .engine = !f->key           ? "tracepoint"
                                  : hit->slot_after ? "slot"
                                                    : "uprobe",
                        .pid = process_number(hit->pid),
                        .first = hit->first,
                        .last = hit->last,
                        .after = hit->slot_after ? hit->slot_after : MIN(p->since, hit->first),
                };
        }
        return 0;
}

#define MISSED "a file that may hold it as well was mapped by a process that ended before it could be probed"

static const char *why_silence_is_nothing(const struct probed_file *f, const struct probed_function *p,
                                          const struct probed_user *user)
{
        if (f->failure)
                return f->failure;
        if (!f->resolved)
                return "its file was not looked into yet";
        if (p->found.absent)
                return user->missed ? MISSED : NULL;
        if (p->unarmed)
                return p->unarmed;
        if (!p->armed)
                return "not armed yet";
        if (user->missed)
                return MISSED;
        if (f->doubt)
                return f->doubt;
        if (p->found.partial)
                return p->found.partial;
        if (is_shared(p))
                return "other functions have the same code";
        if (function_host_ran(p, user->workload))
                return "may be inlined: a function that holds a copy of it ran";
        if (function_guards_dear(p))
                return "may be inlined: a function that holds a copy of it could only be single-stepped";
        if (p->found.guard_count && !p->guarded)
                return "not armed yet";
        return p->found.entered && user->oldest < p->since ? "may be inlined: a function that holds a copy "
                                                             "of it may have been running before it was "
                                                             "watched"
                                                           : NULL;
}

/* ---- silence ---------------------------------------------------------------------------------------- */

/* Files that have the same object, or none. */
struct twins {
        size_t count;
        bool news; /* one of them has something to tell */
};

/* A file was mapped in a workload and is not looked at yet: its silence speaks up to then. */
struct awaited {
        const char *workload; /* NULL: not known yet, it may be any */
        int64_t time;         /* wall s */
};

struct telling {
        int64_t now;
        bool blind; /* as in struct native_watch */
        VEC(struct awaited) awaited;
        struct map twins,
                rows; /* object → struct twins; workload, package, object and function → its place */
        struct arena *arena;
        struct joined *to;
};

static int note_awaited(const struct look *l, struct telling *t)
{
        vec_each (late, &l->late_files) {
                const char *workload = function_workload_of(l, late->cgroup, late->pid);
                if (!look_wants_file(l, late->device, late->inode, late->cgroup) ||
                    (!workload && functions_hold(&l->native, late->device, late->inode)))
                        continue; /* it is probed, wherever it was mapped */
                struct awaited *slot = vec_add(&t->awaited);
                if (!slot)
                        return -ENOMEM;
                *slot = (struct awaited){workload, clock_wall_of(late->time)};
        }
        return 0;
}

static int64_t told_until(const struct telling *t, const char *workload)
{
        int64_t until = t->now;
        vec_each (awaited, &t->awaited)
                if (!awaited->workload || str_equal(awaited->workload, workload))
                        until = MIN(until, awaited->time);
        return until;
}

/* Silence says something from the arming on; of what is not in the file, from the moment that it was seen
 * there. */
static int silence_of(const struct telling *t, const struct probed_file *f, const struct probed_function *p,
                      const struct probed_user *user, struct function_coverage *ret)
{
        const char *gaps = NULL, *reason = why_silence_is_nothing(f, p, user);
        if (!reason && t->blind)
                reason = "no event tells here which files are mapped (usewear doctor says why): what a "
                         "process maps for a moment may hold it as well";
        if (p->rests && !(gaps = arena_printf(t->arena, "its probe was taken away %u times", p->rests)))
                return -ENOMEM;
        *ret = (struct function_coverage){
                .workload = user->workload,
                .package = p->package,
                .object = f->object,
                .subject = p->subject,
                .engine = p->found.absent ? "pclntab" : "uprobe",
                .reason = reason,
                .since = p->found.absent ? user->since
                         : p->armed      ? MAX(p->since, user->since)
                                         : t->now,
                .gaps = gaps,
        };
        ret->until = MAX(ret->since, told_until(t, user->workload)); /* it may begin with the next second */
        return 0;
}

/* Copies of one object, and objects without a name of their own, are one in the history: it is silent as long
 * as all of them are watched. */
static struct twins *twins_of(struct telling *t, const struct probed_file *f)
{
        const char *object = f->object ? f->object : "";
        struct twins *twins = map_get_str(&t->twins, object);
        if (twins)
                return twins;
        twins = arena_alloc(t->arena, sizeof(*twins));
        return twins && map_put_str(&t->twins, object, twins) == 0 ? twins : NULL;
}

/* 1: there is something to tell, 0: not; or -ENOMEM. */
static int note_twins(const struct native_watch *n, bool all, struct telling *t)
{
        bool news = all;
        size_t i = 0;
        for (struct probed_file *f; (f = functions_next_watched(n, &i));)
                news |= f->news;
        i = 0;
        for (struct probed_file *f; news && (f = functions_next_watched(n, &i));) {
                struct twins *twins = twins_of(t, f);
                if (!twins)
                        return -ENOMEM;
                twins->count++;
                twins->news |= all || f->news;
        }
        return news;
}

/* The silence of one file, or what it adds to that of its twins. */
static int add_silence(const struct function_coverage *c, struct map *rows, struct arena *a,
                       function_coverage_list *to)
{
        const char *key = rows ? arena_printf(a, "%s\n%s\n%s\n%s\n%s", c->workload, c->package,
                                              c->object ? c->object : "", c->subject, c->engine)
                               : "";
        uintptr_t known = rows && key ? (uintptr_t)map_get_str(rows, key) : 0;
        struct function_coverage *slot = known ? &to->items[known - 1] : key ? vec_add(to) : NULL;
        if (!slot || (rows && !known && map_put_str(rows, key, (void *)(uintptr_t)to->count) < 0))
                return -ENOMEM;
        if (!known) {
                *slot = *c;
                return 0;
        }
        slot->reason = slot->reason ? slot->reason : c->reason;
        slot->gaps = slot->gaps ? slot->gaps : c->gaps;
        slot->since = MAX(slot->since, c->since);
        slot->until = MAX(slot->since, MIN(slot->until, c->until));
        return 0;
}

static int join_silence(struct telling *t, const struct probed_file *f, const struct probed_function *p,
                        bool alone)
{
        vec_each (user, &f->users) {
                struct function_coverage c;
                if (function_ran(p, user->workload))
                        continue;
                int r = silence_of(t, f, p, user, &c);
                if (r == 0)
                        r = add_silence(&c, alone ? NULL : &t->rows, t->arena, &t->to->functions);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int join_probed(struct telling *t, struct probed_file *f, bool alone)
{
        function_note_change(f);
        vec_each (p, &f->functions) {
                int r = join_hits(f, p, &t->to->evidence);
                if (r == 0)
                        r = join_silence(t, f, p, alone);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int join_files(struct look *l, bool all, struct telling *t)
{
        size_t i = 0;
        int r = note_twins(&l->native, all, t);
        if (r <= 0)
                return r;
        r = note_awaited(l, t);
        for (struct probed_file *f; r == 0 && (f = functions_next_watched(&l->native, &i));) {
                const struct twins *twins = twins_of(t, f);
                if (twins && twins->news)
                        r = join_probed(t, f, twins->count == 1);
        }
        return r;
}

int functions_join(struct look *l, bool all, int64_t now, struct arena *a, struct joined *to)
{
        struct telling t = {.now = now, .blind = l->native.blind, .arena = a, .to = to};
        vec_each (p, &l->native.hooks.functions)
                if (join_hits(&l->native.hooks, p, &to->evidence) < 0)
                        return -ENOMEM;
        int r = join_files(l, all, &t);
        map_done(&t.rows);
        map_done(&t.twins);
        vec_done(&t.awaited);
        return r;
}
