/* SPDX-License-Identifier: Apache-2.0 */

/* A program that starts where others like it have run before tells at most that more is used: that can be put
 * alone. What a workload is, and its silence, is joined from all processes, which costs more the more there
 * are; it speaks up to the last such join, and no further. */

#include "look/join.h"

#include "evidence/engine.h"
#include "host/runtime.h"

#include <errno.h>

enum { COMPARED = 64 }; /* sockets of a process that are looked for among all */

static bool knows_instance(const struct group *g, const char *instance)
{
        uint64_t hash = instance ? map_hash(instance, strlen(instance)) : 0;
        vec_each (known, &g->instances)
                if (*known == hash)
                        return true;
        return !instance;
}

/* An inherited listener makes its workload reachable, and of some kinds nobody knows whom they reach. */
static bool may_be_reached(const struct join_input *in, const struct process *p)
{
        if (p->socket_untold || p->sockets.count > COMPARED)
                return true;
        vec_each (inode, &p->sockets)
                vec_each (s, in->sockets)
                        if (s->inode == *inode)
                                return true;
        return false;
}

/* The last join of all has said that it runs. */
static bool is_known(const struct join_input *in, const struct group *g)
{
        return g && in->last_all && g->join == in->last_all;
}

/* What its functions did before the last join of all, silence up to then has not heard. */
static bool was_unheard(const struct join_input *in, uint64_t start, const struct used_file *f)
{
        return start < in->joined_all && f->reply.file.runtimes & engine_runtimes();
}

static bool file_only_adds(const struct used_file *f, const struct group *g, const struct process *p)
{
        if (!f || !f->examined || f->reply.file.runtimes & ~g->runtimes)
                return false;
        bool elsewhere = f->reply.copied && !str_equal(f->reply.owner.root, p->root.id);
        return join_has_file(f, g) || (!f->reply.doubt && !elsewhere);
}

static bool entry_only_adds(const struct join_input *in, const struct entry *e)
{
        const struct process *p = &e->process;
        if (!entry_named(e) || p->unreadable || e->files.count != p->mappings.count ||
            (p->exe && runtime_emulates(p->exe)))
                return false;
        const struct group *g = groups_find(in->groups, p->workload_id, p->root.id);
        if (!is_known(in, g) || (process_privilege(p) && !g->privileged) || !knows_instance(g, p->instance) ||
            may_be_reached(in, p))
                return false;
        vec_each (f, &e->files)
                if (!file_only_adds(*f, g, p) || (!e->known && was_unheard(in, p->start, *f)))
                        return false;
        return true;
}

static bool late_only_adds(const struct join_input *in, const struct late_use *use)
{
        const struct process *neighbour = &use->neighbour->process;
        const struct group *g = groups_find(in->groups, neighbour->workload_id, neighbour->root.id);
        return is_known(in, g) && file_only_adds(use->file, g, neighbour) &&
               !was_unheard(in, use->start, use->file);
}

bool join_only_adds(const struct join_input *in)
{
        size_t i = 0;
        for (void *value; map_next(&in->table->entries, &i, NULL, NULL, &value);) {
                const struct entry *e = value;
                if (!e->joined && !entry_only_adds(in, e))
                        return false;
                if (e->incomplete && e->ended) /* what it mapped is lost */
                        return false;
        }
        vec_each (use, in->late)
                if (!late_only_adds(in, use))
                        return false;
        return true;
}

static int add_entry(const struct join_input *in, struct entry *e, struct arena *a, struct joined *to)
{
        const struct process *p = &e->process;
        struct group *g = groups_find(in->groups, p->workload_id, p->root.id);
        if (!g)
                return -ENOMEM;
        vec_each (f, &e->files) {
                int r = join_file(in, g, *f, p, a, to);
                if (r < 0)
                        return r;
        }
        e->joined = true;
        return 0;
}

int join_additions(const struct join_input *in, struct arena *a, struct joined *ret)
{
        struct joined to = {};
        entry_list list;
        int r = table_list(in->table, ENTRIES_OPEN, &list);
        vec_each (e, &list)
                if (r == 0 && !(*e)->joined)
                        r = add_entry(in, *e, a, &to);
        vec_done(&list);
        vec_each (use, in->late) {
                const struct process *p = &use->neighbour->process;
                struct group *g = r == 0 ? groups_find(in->groups, p->workload_id, p->root.id) : NULL;
                if (r == 0)
                        r = g ? join_late_use(in, g, use, a, &to) : -ENOMEM;
        }
        if (r < 0) {
                joined_done(&to);
                return r;
        }
        *ret = to;
        return 0;
}
