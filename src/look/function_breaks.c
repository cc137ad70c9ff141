/* SPDX-License-Identifier: Apache-2.0 */

/* That a probe is armed does not mean that it is set everywhere: a loader may have mapped the code writable
 * and made it executable afterwards, or have written over it. Each process is asked once for each of its
 * probed files, whenever it is looked at anew. */

#include "look/state.h"

#include <errno.h>

struct check {
        struct look *look;
        struct probed_file *file;
        struct entry *entry;
        uint64_t epoch, armings;
};

static bool was_checked(const struct entry *e, const struct probed_file *f)
{
        vec_each (inode, &e->breaks_checked)
                if (*inode == f->inode)
                        return true;
        return false;
}

static void check_again(struct entry *e, uint64_t inode)
{
        size_t kept = 0;
        vec_each (checked, &e->breaks_checked)
                if (*checked != inode)
                        e->breaks_checked.items[kept++] = *checked;
        e->breaks_checked.count = kept;
}

/* What was taken away meanwhile is not there by right. */
static void on_checked(void *context, int status, struct wire *reply)
{
        struct check *c = context;
        uint64_t missing = status ? 0 : wire_get_max(reply, 1);
        if (c->epoch != c->look->native.epoch)
                return;
        if (status || wire_end(reply) < 0 || c->armings != c->file->armings) {
                check_again(c->entry, c->file->inode);
                return;
        }
        if (!missing || c->file->doubt)
                return;
        c->file->doubt = "a process runs its code where the kernel has set no probe";
        c->file->news = true;
}

static size_t add_sites(const struct native_site *sites, size_t count, uint64_t *to)
{
        for (size_t i = 0; to && i < count; i++)
                to[i] = sites[i].offset;
        return count;
}

/* Into `to`, if there is one; how many they are. */
static size_t list_sites(const struct probed_file *f, uint64_t *to)
{
        size_t count = 0;
        vec_each (p, &f->functions) {
                if (p->armed)
                        count += add_sites(p->found.sites, p->found.site_count, to ? to + count : NULL);
                if (p->armed && p->guarded)
                        count += add_sites(p->found.guards, p->found.guard_count, to ? to + count : NULL);
        }
        return count;
}

static int ask(struct look *l, struct entry *e, struct probed_file *f, const struct mapping *m)
{
        struct check *c = arena_alloc(&l->scratch, sizeof(*c));
        size_t count = list_sites(f, NULL);
        uint64_t *sites = arena_alloc(&l->scratch, MAX(count, (size_t)1) * sizeof(*sites));
        if (!c || !sites)
                return -ENOMEM;
        list_sites(f, sites);
        *c = (struct check){
                .look = l, .file = f, .entry = e, .epoch = l->native.epoch, .armings = f->armings};
        struct probe_job job = {.kind = PROBE_BREAKS,
                                .pid = e->pid,
                                .start = m->start,
                                .end = m->end,
                                .offset = m->offset,
                                .sites = sites,
                                .site_count = count};
        return prober_submit(l->prober, &job, on_checked, c);
}

static bool is_due(const struct entry *e, const struct probed_file *f)
{
        if (!f->resolved || f->doubt || f->failure || was_checked(e, f))
                return false;
        vec_each (p, &f->functions)
                if (p->armed)
                        return true;
        return false;
}

/* A file may be mapped in several pieces: all of them are asked about, or none. */
static int ask_pieces(struct look *l, struct entry *e, struct probed_file *f)
{
        uint64_t *slot = vec_add(&e->breaks_checked);
        int r = slot ? 0 : -ENOMEM;
        if (slot)
                *slot = f->inode;
        vec_each (m, &e->process.mappings)
                if (r == 0 && m->inode == f->inode && m->device == f->device && !m->unprobed)
                        r = ask(l, e, f, m);
        return r;
}

int functions_check_breaks(struct look *l, struct entry *e, struct error *error)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < e->files.count; i++) {
                const struct used_file *used = e->files.items[i];
                struct probed_file *f = used && used->probed_epoch == l->native.epoch ? used->probed : NULL;
                if (f && is_due(e, f))
                        r = ask_pieces(l, e, f);
        }
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}
