/* SPDX-License-Identifier: Apache-2.0 */

/* What the probes told, and what their silence means: evidence and coverage of functions. */

#include "look/state.h"

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
                        .pid = hit->pid,
                        .first = hit->first,
                        .last = hit->last,
                        .after = hit->slot_after ? hit->slot_after : MIN(p->since, hit->first),
                };
        }
        return 0;
}

static const char *why_silence_is_nothing(const struct probed_file *f, const struct probed_function *p,
                                          const struct probed_user *user)
{
        if (f->failure)
                return f->failure;
        if (!f->resolved)
                return "its file was not looked into yet";
        if (p->found.absent)
                return NULL;
        if (p->unarmed)
                return p->unarmed;
        if (!p->armed)
                return "not armed yet";
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

/* Silence says something from the arming on; of what is not in the file, from the moment that it was seen
 * there. */
static int silence_of(const struct probed_file *f, const struct probed_function *p,
                      const struct probed_user *user, int64_t now, struct arena *a,
                      struct function_coverage *ret)
{
        const char *gaps = NULL;
        if (p->rests && !(gaps = arena_printf(a, "its probe was taken away %u times", p->rests)))
                return -ENOMEM;
        *ret = (struct function_coverage){
                .workload = user->workload,
                .package = p->package,
                .object = f->object,
                .subject = p->subject,
                .engine = p->found.absent ? "pclntab" : "uprobe",
                .reason = why_silence_is_nothing(f, p, user),
                .since = p->found.absent ? user->since
                         : p->armed      ? MAX(p->since, user->since)
                                         : now,
                .gaps = gaps,
        };
        ret->until = MAX(ret->since, now); /* it may begin with the next second */
        return 0;
}

/* Copies of one object, and objects without a name of their own, are one in the history: it is silent as long
 * as all of them are watched. */
static bool is_twin(const struct probed_file *f, const struct probed_file *other)
{
        return f != other && str_equal(f->object, other->object);
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
        slot->until = MAX(slot->until, c->until);
        return 0;
}

/* `rows`: of files that have twins, else NULL. */
static int join_silence(const struct probed_file *f, const struct probed_function *p, int64_t now,
                        struct map *rows, struct arena *a, function_coverage_list *to)
{
        vec_each (user, &f->users) {
                struct function_coverage c;
                if (function_ran(p, user->workload))
                        continue;
                int r = silence_of(f, p, user, now, a, &c);
                if (r == 0)
                        r = add_silence(&c, rows, a, to);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int join_probed(struct probed_file *f, int64_t now, struct map *rows, struct arena *a,
                       struct joined *to)
{
        function_note_change(f);
        vec_each (p, &f->functions) {
                int r = join_hits(f, p, &to->evidence);
                if (r == 0)
                        r = join_silence(f, p, now, rows, a, &to->functions);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool any_news(const struct native_watch *n)
{
        size_t i = 0;
        for (const struct probed_file *f; (f = functions_next_watched(n, &i));)
                if (f->news)
                        return true;
        return false;
}

/* How many twins it has; *ret_news: one of them has something to tell. */
static size_t count_twins(const struct native_watch *n, const struct probed_file *f, bool *ret_news)
{
        size_t i = 0, count = 0;
        for (const struct probed_file *other; (other = functions_next_watched(n, &i));) {
                if (!is_twin(f, other))
                        continue;
                *ret_news |= other->news;
                count++;
        }
        return count;
}

int functions_join(struct look *l, bool all, int64_t now, struct arena *a, struct joined *to)
{
        size_t i = 0;
        int r = 0;
        struct map rows = {};
        vec_each (p, &l->native.hooks.functions)
                if (join_hits(&l->native.hooks, p, &to->evidence) < 0)
                        return -ENOMEM;
        if (!all && !any_news(&l->native))
                return 0;
        for (struct probed_file *f; r == 0 && (f = functions_next_watched(&l->native, &i));) {
                bool news = all || f->news;
                size_t twins = count_twins(&l->native, f, &news);
                if (news)
                        r = join_probed(f, now, twins ? &rows : NULL, a, to);
        }
        map_done(&rows);
        return r;
}
