/* SPDX-License-Identifier: Apache-2.0 */

/* A program that copies code copies the breakpoints in it, and nobody expects them in the copy: it is ended
 * by SIGTRAP. That must happen once at most. Which file the copy was of is not told, so that none is probed
 * any more that the program maps; neither in this run nor in later ones. */

#include "look/state.h"

#include "base/clock.h"

enum { SPARED_MOST = 2000 };

static const char *path_of(struct look *l, const struct probed_file *f)
{
        const char *lines[2] = {f->key, strchr(f->key, '\n')}; /* root, numbers, path, owner, object */
        const char *numbers = lines[1] ? strchr(lines[1] + 1, '\n') : NULL,
                   *path = numbers ? numbers + 1 : "";
        return arena_strndup(&l->arena, path, strcspn(path, "\n"));
}

/* At once: who is started anew has a moment only. What fails is put again with what a look has to say. */
static void store_now(struct look *l)
{
        struct error error;
        spared_list news = {.items = l->native.spared.items + l->native.spared_stored,
                            .count = l->native.spared.count - l->native.spared_stored};
        if (store_put_spared(l->store, &news, &error) == 0)
                l->native.spared_stored = l->native.spared.count;
}

static void remember(struct look *l, const struct probed_file *f, const char *program)
{
        struct native_watch *n = &l->native;
        const char *object = f->object; /* it may come back under another path */
        if (!object || n->spared.count >= SPARED_MOST)
                return;
        struct spared_file spared = {.object = arena_strdup(&l->arena, object),
                                     .path = path_of(l, f),
                                     .program = arena_strdup(&l->arena, program),
                                     .reason = f->spared,
                                     .since = clock_wall()};
        struct spared_file *slot =
                spared.object && spared.path && spared.program ? vec_add(&n->spared) : NULL;
        if (!slot)
                return;
        *slot = spared;
        store_now(l);
}

bool function_spare(struct look *l, struct probed_file *f, const char *program, const char *reason)
{
        if (f->spared || !f->functions.count)
                return false;
        f->spared = reason;
        f->news = true;
        remember(l, f, program);
        return true;
}

void function_note_spared(struct look *l, struct probed_file *f)
{
        vec_each (spared, &l->native.spared)
                if (str_equal(spared->object, f->object))
                        f->spared = spared->reason;
}

/* ---- who was ended ---------------------------------------------------------------------------------- */

static bool has_used(const struct native_watch *n, const struct entry *e, const struct probed_file *f)
{
        for (size_t i = 0; e && i < e->files.count; i++) {
                const struct used_file *used = e->files.items[i];
                if (used && used->probed == f && used->probed_epoch == n->epoch)
                        return true;
        }
        return false;
}

static bool has_user(const struct probed_file *f, const char *workload)
{
        vec_each (user, &f->users)
                if (str_equal(user->workload, workload))
                        return true;
        return false;
}

enum { PASSERS_MOST = 64 };

void functions_note_passer(struct native_watch *n, uint32_t device, uint64_t inode, uint64_t cgroup)
{
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next_watched(n, &i));) {
                bool known = f->passed || f->inode != inode || f->device != device;
                for (size_t k = 0; !known && k < f->passers.count; k++)
                        known = f->passers.items[k] == cgroup;
                if (known)
                        continue;
                uint64_t *slot = f->passers.count < PASSERS_MOST ? vec_add(&f->passers) : NULL;
                if (slot)
                        *slot = cgroup;
                else
                        f->passed = true;
        }
}

/* Somebody who ended before a look mapped it there. The kernel tells that of the first one alone. */
static bool has_passed(const struct probed_file *f, uint64_t cgroup)
{
        vec_each (passer, &f->passers)
                if (*passer == cgroup)
                        return true;
        return f->passed;
}

/* An event told of the mapping, and no look took it up yet. */
static bool has_mapped_since(const struct look *l, int pid, const struct probed_file *f)
{
        vec_each (late, &l->late_files)
                if (late->pid == pid && late->inode == f->inode)
                        return true;
        return false;
}

static bool has_place(const struct native_site *sites, size_t count, uint64_t offset)
{
        for (size_t i = 0; i < count; i++)
                if (sites[i].offset == offset)
                        return true;
        return false;
}

/* Whether a probe of it is, or was, at this place. */
static bool is_probed_at(const struct probed_file *f, uint64_t offset)
{
        vec_each (p, &f->functions)
                if (has_place(p->found.sites, p->found.site_count, offset) ||
                    has_place(p->found.guards, p->found.guard_count, offset))
                        return true;
        return false;
}

/* A breakpoint in the code of a file, where no probe is, is the program's own: of an assertion, or to say
 * that memory is out. What moved its code has the copy where the code was. That no file has a probe at such
 * a place says it in the middle of a look, too, when which file this is has still to be told. A file without
 * a name, and memory that was written to, may be full of copies. */
static bool is_its_own(const struct native_watch *n, const struct entry *e, uint64_t address)
{
        const struct mapping *in = NULL;
        struct probed_file *f;
        vec_each (m, &e->process.mappings)
                if (address >= m->start && address < m->end)
                        in = m;
        if (!in || in->deleted || in->unprobed)
                return false;
        for (size_t i = 0; (f = functions_next(n, &i));)
                if (is_probed_at(f, in->offset + (address - in->start)))
                        return false;
        return true;
}

/* Who was not looked at may have mapped whatever its workload does. */
bool look_process_trapped(struct look *l, const struct trap_event *event)
{
        struct native_watch *n = &l->native;
        const struct entry *e = table_get(&l->table, event->pid);
        bool known = e && e->joined && !e->incomplete, news = false;
        const char *workload = known ? NULL : function_workload_of(l, event->cgroup, event->pid);
        struct probed_file *f;
        if (!n->sensor || (e && event->address && is_its_own(n, e, event->address)))
                return false;
        for (size_t i = 0; (f = functions_next(n, &i));)
                if (has_used(n, e, f) || has_mapped_since(l, event->pid, f) ||
                    (!known && (n->blind || has_passed(f, event->cgroup))) ||
                    (workload && has_user(f, workload)))
                        news |= function_spare(l, f, event->comm, LOOK_TRAPPED);
        if (news)
                functions_arm(n);
        return news;
}
