/* SPDX-License-Identifier: Apache-2.0 */

/* A workload's modules are known as far as those of each of its processes are. */

#include "look/state.h"

#include "base/clock.h"
#include "evidence/engine.h"

#include <errno.h>

static struct runtime_cover *cover_of(struct group *g, uint32_t runtime)
{
        for (size_t i = 0; i < g->cover_count; i++)
                if (g->covers[i].runtime == runtime)
                        return &g->covers[i];
        if (g->cover_count == GROUP_COVERS)
                return NULL;
        struct runtime_cover *c = &g->covers[g->cover_count++];
        *c = (struct runtime_cover){.runtime = runtime, .until = INT64_MAX};
        return c;
}

static int blind(struct runtime_cover *c, const struct runtime_process *p, const char *reason,
                 struct arena *a)
{
        if (!c->reason)
                c->reason = arena_printf(a, "pid %d: %s", p->pid, reason);
        return c->reason ? 0 : -ENOMEM;
}

static int cover_process(struct group *g, const struct runtime_process *p, struct arena *a)
{
        int64_t since = clock_wall_of(p->start);
        for (size_t i = 0; engines[i]; i++) {
                const struct engine *engine = engines[i];
                const struct runtime_look *found = NULL;
                vec_each (look, &p->reply.looks)
                        if (str_equal(look->engine, engine->name))
                                found = look;
                /* Which engine should have known it is not known where none did. */
                if (!found && !p->failure)
                        continue;
                struct runtime_cover *c = cover_of(g, engine->runtime);
                if (!c)
                        return 0;
                const char *reason = p->failure ? p->failure
                                     : p->more  ? "not all of its memory was looked at yet"
                                                : found->modules_unknown;
                if (reason && blind(c, p, reason, a) < 0)
                        return -ENOMEM;
                c->engine = engine->name;
                c->since = c->since ? MIN(c->since, since) : since;
                c->until = MIN(c->until, clock_wall_of(p->covered));
        }
        return 0;
}

const char *runtimes_lag_text(int64_t lag_s, struct arena *a)
{
        return arena_printf(a, "the last look into each process was up to %lld min ago",
                            (long long)(lag_s / 60 + 1));
}

static int cover_gaps(const struct group *g, struct runtime_cover *c, int64_t now, struct arena *a)
{
        int64_t lag = c->until < now ? now - c->until : 0;
        const char *text = c->engine && lag > 2 * LOOK_EVERY_S ? runtimes_lag_text(lag, a) : "";
        c->until = lag <= LOOK_LAG_S ? now : c->until;
        if (text && g->ended_runtimes)
                text = arena_printf(a, "%s%s%llu processes with an interpreter ended after their last look",
                                    text, *text ? "; " : "", (unsigned long long)g->ended_runtimes);
        c->gaps = text && *text ? text : NULL;
        return text ? 0 : -ENOMEM;
}

/* Interpreters of which none is left: what they told is known, and that they ended is a gap. */
static void cover_ended(const struct look *l, struct group *g, int64_t now)
{
        for (size_t i = 0; engines[i] && g->ended_runtimes; i++) {
                struct runtime_cover *c =
                        g->runtimes & engines[i]->runtime ? cover_of(g, engines[i]->runtime) : NULL;
                if (!c || c->engine || c->reason)
                        continue;
                c->engine = engines[i]->name;
                c->since = l->watched_since ? l->watched_since : now;
        }
}

static struct group *group_of(struct look *l, struct runtime_process *p)
{
        const struct entry *e = table_get(&l->table, p->pid);
        if (!e || !entry_named(e) || e->process.start != p->start)
                return NULL;
        struct group *g = groups_intern(&l->groups, e->process.workload_id, e->process.root.id);
        if (g)
                p->group = g->serial;
        return g;
}

int runtimes_cover(struct look *l, int64_t now, struct arena *a)
{
        size_t i = 0;
        for (void *value; map_next(&l->groups.groups, &i, NULL, NULL, &value);)
                ((struct group *)value)->cover_count = 0;
        i = 0;
        for (void *value; map_next(&l->runtimes.processes, &i, NULL, NULL, &value);) {
                struct group *g = group_of(l, value);
                if (g && cover_process(g, value, a) < 0)
                        return -ENOMEM;
        }
        i = 0;
        for (void *value; map_next(&l->groups.groups, &i, NULL, NULL, &value);) {
                struct group *g = value;
                cover_ended(l, g, now);
                for (size_t n = 0; n < g->cover_count; n++) {
                        struct runtime_cover *c = &g->covers[n];
                        if (c->reason)
                                c->engine = NULL;
                        if (cover_gaps(g, c, now, a) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}
