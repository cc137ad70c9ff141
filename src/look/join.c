/* SPDX-License-Identifier: Apache-2.0 */

/* What a workload is, and what can be said of it, follows from all of its processes: one that could not be
 * read takes every negative with it. */

#include "look/join.h"

#include "base/clock.h"
#include "evidence/engine.h"
#include "host/runtime.h"

#include <errno.h>

void joined_done(struct joined *j)
{
        vec_done(&j->workloads);
        vec_done(&j->evidence);
        vec_done(&j->coverage);
        vec_done(&j->functions);
        vec_done(&j->doubts);
        vec_done(&j->packages);
}

/* ---- workloads -------------------------------------------------------------------------------------- */

struct joining {
        const struct join_input *in;
        struct arena *arena;
        struct joined *to;
        struct map sockets; /* inode → struct socket_entry */
        VEC(struct group *) groups;
        entry_list entries;
        const char *anybody; /* NULL, or: there are processes that may belong to any workload */
};

static struct answer answer_now(const struct joining *j, enum answer_value value, const char *engine,
                                const char *reason)
{
        return (struct answer){
                .value = value, .after = j->in->now, .since = j->in->now, .engine = engine, .reason = reason};
}

static int note_instance(struct joining *j, struct group *g, const char *instance)
{
        struct workload *w = g->workload;
        for (size_t i = 0; instance && i < w->instance_count; i++)
                if (str_equal(w->instances[i], instance))
                        return 0;
        if (!instance)
                return 0;
        const char **more = arena_alloc(j->arena, (w->instance_count + 1) * sizeof(*more));
        if (!more)
                return -ENOMEM;
        if (w->instance_count)
                memcpy(more, w->instances, w->instance_count * sizeof(*more));
        uint64_t *hash = vec_add(&g->instances);
        if (!hash)
                return -ENOMEM;
        *hash = map_hash(instance, strlen(instance));
        more[w->instance_count++] = instance;
        w->instances = more;
        return 0;
}

static int note_exposure(struct joining *j, struct group *g, const struct process *p)
{
        struct workload *w = g->workload;
        if (p->socket_untold && !g->undirected &&
            !(g->undirected = arena_printf(j->arena, "a %s socket is open: whom it reaches is not read",
                                           p->socket_untold)))
                return -ENOMEM;
        vec_each (inode, &p->sockets) {
                const struct socket_entry *s = map_get(&j->sockets, inode, sizeof(*inode));
                char text[SOCKET_TEXT];
                if (s && socket_may_expose(s) && !g->undirected &&
                    !(g->undirected =
                              arena_printf(j->arena, "who opened %s is not known", socket_text(s, text))))
                        return -ENOMEM;
                if (!s || !socket_exposes(s))
                        continue;
                /* A listener says more than one of its peers. */
                if (w->exposed.value == ANSWER_YES && s->role != SOCKET_LISTEN)
                        continue;
                const char *reason = arena_strdup(j->arena, socket_text(s, text));
                if (!reason)
                        return -ENOMEM;
                w->exposed = answer_now(j, ANSWER_YES, "sockets", reason);
                if (s->role == SOCKET_LISTEN)
                        break;
        }
        return 0;
}

static void note_privilege(struct joining *j, struct group *g, const struct process *p)
{
        const char *privilege = process_privilege(p);
        g->privileged |= privilege != NULL;
        if (privilege && g->workload->privileged.value != ANSWER_YES)
                g->workload->privileged = answer_now(j, ANSWER_YES, "procfs", privilege);
}

static struct group *group_of(struct joining *j, const char *id, const char *name, enum workload_kind kind,
                              const char *root)
{
        struct group *g = groups_intern(j->in->groups, id, root);
        if (!g)
                return NULL;
        if (g->join == j->in->join)
                return g;
        struct group **slot = vec_add(&j->groups);
        struct workload *w = arena_alloc(j->arena, sizeof(*w));
        if (!slot || !w)
                return NULL;
        *slot = g;
        *w = (struct workload){.id = id,
                               .name = name ? name : id,
                               .root = root,
                               .kind = kind,
                               .running = true,
                               .first_seen = j->in->now,
                               .last_seen = j->in->now};
        g->join = j->in->join;
        g->workload = w;
        g->unread = g->undirected = NULL;
        g->doubtful = 0;
        g->privileged = false;
        g->instances.count = 0;
        return g;
}

/* A process of which not even the root could be read may live in any that its workload has. */
static int note_rootless(struct joining *j, const struct process *p)
{
        const char *id = p->workload_id ? p->workload_id : "host";
        const char *reason = p->unreadable ? p->unreadable : "its root could not be read";
        bool found = false;
        vec_each (g, &j->groups) {
                struct workload *w = (*g)->workload;
                if (strcmp(w->id, id) != 0)
                        continue;
                w->processes++;
                w->unreadable++;
                (*g)->unread = reason;
                found = true;
        }
        if (found)
                return 0;
        struct group *g = group_of(j, id, p->workload_name, p->hint.kind, "host");
        if (!g)
                return -ENOMEM;
        g->workload->processes++;
        g->workload->unreadable++;
        g->unread = reason;
        return 0;
}

static int note_process(struct joining *j, const struct entry *e, const char *root)
{
        const struct process *p = &e->process;
        struct group *g = group_of(j, p->workload_id, p->workload_name, p->hint.kind, root);
        if (!g)
                return -ENOMEM;
        struct workload *w = g->workload;
        w->processes++;
        w->first_seen = MIN(w->first_seen, clock_wall_of(p->start));
        if (p->unreadable) {
                w->unreadable++;
                g->unread = p->unreadable;
        }
        note_privilege(j, g, p);
        int r = note_instance(j, g, p->instance);
        return r < 0 ? r : note_exposure(j, g, p);
}

/* Nothing was seen is only an answer where everything was looked at. */
static int close_answers(struct joining *j, struct group *g)
{
        struct workload *w = g->workload;
        const char *unread = NULL;
        if (w->unreadable) {
                unread = arena_printf(j->arena, "%zu of its processes could not be read: %s", w->unreadable,
                                      g->unread ? g->unread : "unknown");
                if (!unread)
                        return -ENOMEM;
        }
        if (!unread)
                unread = j->anybody;
        const char *sockets = unread ? unread : j->in->sockets_unread;
        if (!sockets)
                sockets = g->sockets_joined ? g->undirected : "its sockets were not read yet";
        if (w->exposed.value != ANSWER_YES)
                w->exposed = sockets ? answer_now(j, ANSWER_UNKNOWN, NULL, sockets)
                                     : answer_now(j, ANSWER_NOT_OBSERVED, "sockets", NULL);
        if (w->privileged.value != ANSWER_YES)
                w->privileged = unread ? answer_now(j, ANSWER_UNKNOWN, NULL, unread)
                                       : answer_now(j, ANSWER_NOT_OBSERVED, "procfs", NULL);
        return 0;
}

/* ---- evidence --------------------------------------------------------------------------------------- */

/* It runs code that a package of another root (the host's) has installed there: it is one of that root's
 * users, and what its interpreters run may be that root's as well. */
static int join_elsewhere(struct joining *j, const struct group *g, const struct entry *e, const char *root)
{
        const struct process *p = &e->process;
        int r = note_process(j, e, root);
        struct group *other =
                r < 0 ? NULL : group_of(j, p->workload_id, p->workload_name, p->hint.kind, root);
        if (!other)
                return -ENOMEM;
        other->runtimes |= g->runtimes;
        return 0;
}

static int join_entry(struct joining *j, struct entry *e)
{
        const struct process *p = &e->process;
        e->joined = true;
        e->incomplete = false;
        if (!entry_named(e))
                return 0;
        struct group *g = group_of(j, p->workload_id, p->workload_name, p->hint.kind, p->root.id);
        if (!g)
                return -ENOMEM;
        size_t unread = 0;
        const char *elsewhere = NULL; /* the root whose package a file is a copy of */
        vec_each (slot, &e->files) {
                struct used_file *f = *slot;
                if (!f || !f->examined) {
                        unread++;
                        continue;
                }
                int r = join_file(j->in, g, f, p, j->arena, j->to);
                if (r < 0)
                        return r;
                if (f->reply.copied && !str_equal(f->reply.owner.root, p->root.id))
                        elsewhere = f->reply.owner.root;
        }
        e->incomplete = unread || e->files.count != p->mappings.count;
        if (elsewhere) {
                int r = join_elsewhere(j, g, e, elsewhere);
                if (r < 0)
                        return r;
        }
        if (p->exe && runtime_emulates(p->exe)) {
                g->workload->unreadable++;
                g->unread = "what an emulator runs is not mapped executable";
        }
        if (unread && e->ended)
                g->lost_files += unread; /* a gap, as for those that nobody saw */
        else if (unread && !p->unreadable) {
                g->workload->unreadable++;
                g->unread = "a mapped file could not be examined";
        }
        return 0;
}

static int join_late(struct joining *j)
{
        vec_each (use, j->in->late) {
                const struct process *p = &use->neighbour->process;
                struct group *g = group_of(j, p->workload_id, p->workload_name, p->hint.kind, p->root.id);
                int r = g ? join_late_use(j->in, g, use, j->arena, j->to) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The kernel runs wherever anything runs. */
static int join_kernel(struct joining *j)
{
        size_t i = 0;
        for (const struct known_root *r; (r = roots_next(j->in->roots, &i));) {
                if (!r->kernel_keys.count)
                        continue;
                struct group *g = group_of(j, "host", "host", WORKLOAD_HOST, r->root.id);
                if (!g)
                        return -ENOMEM;
                g->runtimes |= RUNTIME_KERNEL;
                int64_t booted = clock_wall_of(0);
                vec_each (key, &r->kernel_keys) {
                        struct evidence *e = vec_add(&j->to->evidence);
                        if (!e)
                                return -ENOMEM;
                        *e = (struct evidence){.workload = "host",
                                               .package = *key,
                                               .subject = "running kernel",
                                               .kind = EVIDENCE_LOADED,
                                               .engine = "kernel",
                                               .first = j->in->now,
                                               .last = j->in->now,
                                               .after = booted};
                }
        }
        return 0;
}

static void blind(struct coverage *c, const char *reason)
{
        if (!c->engine)
                return;
        c->engine = NULL;
        c->reason = reason;
        c->since = c->until;
}

static int close_group(struct joining *j, struct group *g)
{
        g->workload->runtimes = g->runtimes;
        g->sockets_joined |= j->in->full;
        int r = close_answers(j, g);
        if (r < 0)
                return r;
        const char *gaps =
                j->in->watched_since ? NULL : "no watch before this look: what ended earlier was not seen";
        if (j->in->outside &&
            !(gaps = arena_printf(j->arena, "%s%s%s", gaps ? gaps : "", gaps ? "; " : "", j->in->outside)))
                return -ENOMEM;
        if (g->lost_files &&
            !(gaps = arena_printf(j->arena, "%s%s%llu files mapped by processes that ended unlooked-at",
                                  gaps ? gaps : "", gaps ? "; " : "", (unsigned long long)g->lost_files)))
                return -ENOMEM;
        if (j->in->unplaced &&
            !(gaps = arena_printf(j->arena, "%s%s%llu files mapped by processes of unknown workloads",
                                  gaps ? gaps : "", gaps ? "; " : "", (unsigned long long)j->in->unplaced)))
                return -ENOMEM;
        if (g->doubtful &&
            !(gaps = arena_printf(j->arena, "%s%smapped files that may be copies of packaged ones: %llu",
                                  gaps ? gaps : "", gaps ? "; " : "", (unsigned long long)g->doubtful)))
                return -ENOMEM;
        size_t before = j->to->coverage.count;
        r = mapped_coverage(g->workload, j->in->watched_since, j->in->now, gaps, g->covers, g->cover_count,
                            j->arena, &j->to->coverage);
        for (size_t i = before; j->anybody && i < j->to->coverage.count; i++)
                blind(&j->to->coverage.items[i], j->anybody);
        if (r < 0)
                return r;
        struct workload *w = vec_add(&j->to->workloads);
        if (!w)
                return -ENOMEM;
        *w = *g->workload;
        return 0;
}

static int join_steps(struct joining *j)
{
        int r = table_list(j->in->table, ENTRIES_ALL, &j->entries);
        if (r < 0)
                return r;
        j->anybody = j->in->hidden;
        if (j->in->nameless &&
            !(j->anybody = arena_printf(j->arena,
                                        "processes that may belong to any workload could not be read: %zu",
                                        j->in->nameless)))
                return -ENOMEM;
        vec_each (s, j->in->sockets)
                if ((r = map_put(&j->sockets, &s->inode, sizeof(s->inode), s)) < 0)
                        return r;
        vec_each (e, &j->entries)
                if (entry_named(*e) && (r = note_process(j, *e, (*e)->process.root.id)) < 0)
                        return r;
        vec_each (e, &j->entries)
                if (!entry_named(*e) && (r = note_rootless(j, &(*e)->process)) < 0)
                        return r;
        vec_each (e, &j->entries)
                if ((r = join_entry(j, *e)) < 0)
                        return r;
        r = join_late(j);
        if (r == 0)
                r = join_kernel(j);
        if (r < 0)
                return r;
        vec_each (g, &j->groups)
                if ((r = close_group(j, *g)) < 0)
                        return r;
        return 0;
}

int join_all(const struct join_input *in, struct arena *a, struct joined *ret)
{
        struct joined to = {};
        struct joining j = {.in = in, .arena = a, .to = &to};
        int r = join_steps(&j);
        map_done(&j.sockets);
        vec_each (g, &j.groups)
                (*g)->workload = NULL;
        vec_done(&j.groups);
        vec_done(&j.entries);
        if (r < 0) {
                joined_done(&to);
                return r;
        }
        *ret = to;
        return 0;
}
