/* SPDX-License-Identifier: Apache-2.0 */

/* The oldest process of a workload speaks for a file that several of them map: its start is the earliest
 * moment that the evidence can speak for, and one record each is enough. */

#include "look/join.h"

#include "base/clock.h"
#include "evidence/engine.h"

#include <errno.h>

static int put_package(struct joined *to, const struct package *p)
{
        struct package *slot = vec_add(&to->packages);
        if (!slot)
                return -ENOMEM;
        *slot = *p;
        return 0;
}

static struct file_mark *mark_of(const struct used_file *f, const struct group *g)
{
        vec_each (mark, &f->marks)
                if (mark->group == g->serial)
                        return mark;
        return NULL;
}

bool join_has_file(const struct used_file *f, const struct group *g)
{
        return mark_of(f, g) != NULL;
}

/* Whether this join has to put the file's evidence for the group; notes that it did. 1, 0 or -ENOMEM. */
static int mark_file(struct used_file *f, const struct group *g, const struct join_input *in)
{
        struct file_mark *mark = mark_of(f, g);
        bool due = !mark || (mark->join != in->join && !in->only_new);
        if (!mark && !(mark = vec_add(&f->marks)))
                return -ENOMEM;
        if (due)
                *mark = (struct file_mark){.group = g->serial, .join = in->join};
        return due;
}

static int put_doubts(const struct join_input *in, struct group *g, const struct used_file *f,
                      const struct process *p, struct joined *to)
{
        if (f->reply.doubt && !f->reply.doubted.count)
                g->doubtful++;
        for (size_t i = 0; f->reply.doubt && i < f->reply.doubted.count; i++) {
                struct doubt *d = vec_add(&to->doubts);
                if (!d)
                        return -ENOMEM;
                *d = (struct doubt){.workload = p->workload_id,
                                    .package = f->doubted_keys[i],
                                    .subject = f->reply.file.path,
                                    .reason = f->reply.doubt,
                                    .first = in->now,
                                    .last = in->now};
        }
        return 0;
}

int join_file(const struct join_input *in, struct group *g, struct used_file *f, const struct process *p,
              struct arena *a, struct joined *to)
{
        g->runtimes |= f->reply.file.runtimes;
        int r = mark_file(f, g, in);
        if (r > 0)
                r = put_doubts(in, g, f, p, to) < 0 ? -ENOMEM : 1;
        if (r <= 0)
                return r;
        if (f->reply.has_owner && f->reply.owner.stale && (r = put_package(to, &f->reply.owner)) < 0)
                return r;
        vec_each (linked, &f->reply.linked)
                if ((r = put_package(to, linked)) < 0)
                        return r;
        struct mapped_use use = {
                .process = p,
                .file = &f->reply.file,
                .owner = f->owner_key,
                .owner_stale = f->reply.has_owner && f->reply.owner.stale,
                .linked = f->linked_keys,
                .linked_count = f->reply.linked.count,
                .started = clock_wall_of(p->start),
        };
        return mapped_evidence(&use, in->now, a, &to->evidence);
}

int join_late_use(const struct join_input *in, struct group *g, const struct late_use *use, struct arena *a,
                  struct joined *to)
{
        const struct process *neighbour = &use->neighbour->process;
        for (size_t i = 0; engines[i]; i++)
                g->ended_runtimes += (use->file->reply.file.runtimes & engines[i]->runtime) != 0;
        struct process gone = {.pid = process_number(use->pid),
                               .start = use->start,
                               .workload_id = neighbour->workload_id,
                               .root = neighbour->root};
        return join_file(in, g, use->file, &gone, a, to);
}
