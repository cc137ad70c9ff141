/* SPDX-License-Identifier: Apache-2.0 */

/* A file that was mapped and is gone again was never probed, and may have run whatever it holds: from now on
 * silence begins anew. The kernel tells of a file once in a workload; of this one it has to tell again. */

#include "look/state.h"

#include "base/clock.h"

#include <string.h>

enum { UNTOLD_MOST = 1024 };

void functions_want_told(struct native_watch *n, uint64_t inode)
{
        vec_each (known, &n->untold)
                if (*known == inode)
                        return;
        uint64_t *slot = n->untold.count < UNTOLD_MOST ? vec_add(&n->untold) : NULL;
        if (slot)
                *slot = inode;
        else
                n->untold_all = true;
}

/* Silence begins when that is done, not before: as long as it cannot be, there is none. */
void functions_tell_again(struct native_watch *n)
{
        const uint64_t *inodes = n->untold_all ? NULL : n->untold.items;
        bool any = n->untold_all || n->untold.count;
        struct probed_file *f;
        if (any && sensor_forget_mappings(n->sensor, inodes, n->untold.count) < 0)
                return;
        n->untold.count = 0;
        n->untold_all = false;
        for (size_t i = 0; (f = functions_next(n, &i));)
                vec_each (user, &f->users)
                        if (user->missed) {
                                user->missed = false;
                                user->since = function_watched_from();
                        }
}

static bool note_missed(struct probed_file *f, const char *workload)
{
        bool any = false;
        vec_each (user, &f->users)
                if (workload_may_be(workload, user->workload))
                        user->missed = f->news = any = true;
        return any;
}

struct probed_file *functions_hold(const struct native_watch *n, uint32_t device, uint64_t inode)
{
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next(n, &i));)
                if (f->fd >= 0 && f->device == device && f->inode == inode)
                        return f;
        return NULL;
}

void functions_missed(struct native_watch *n, const char *workload, uint32_t device, uint64_t inode)
{
        bool any = false;
        struct probed_file *f;
        if (inode && functions_hold(n, device, inode))
                return;
        for (size_t i = 0; (f = functions_next(n, &i));)
                if (f->functions.count)
                        any |= note_missed(f, workload);
        if (any && inode)
                functions_want_told(n, inode);
}

/* ---- files that were examined all the same ----------------------------------------------------------- */

/* Up to the end of this line; `from` becomes what follows. */
static struct span take_line(const char **from)
{
        struct span line = {*from, strcspn(*from, "\n")};
        *from += line.size + ((*from)[line.size] == '\n');
        return line;
}

/* Their keys begin with root, numbers, and path. */
static bool same_place(const struct used_file *used, const struct probed_file *f)
{
        const char *x = used->key, *y = f->key;
        for (int line = 0; line < 3; line++) {
                struct span a = take_line(&x), b = take_line(&y);
                if (line != 1 && (a.size != b.size || memcmp(a.data, b.data, a.size) != 0))
                        return false;
        }
        return true;
}

/* Whether the other file, that nobody looked into, may hold this function of that one. */
static bool may_hold(const struct used_file *used, const struct probed_file *f,
                     const struct probed_function *p)
{
        for (size_t i = 0; i < used->reply.linked.count; i++)
                if (str_equal(p->package, used->linked_keys[i]))
                        return true;
        if (!*p->container) /* asked for by its path */
                return same_place(used, f);
        return str_equal(p->package, used->owner_key) && choice_is_container(p->container, &used->reply);
}

/* Somebody had mapped a file, and is gone. */
struct past_use {
        const char *workload;
        const struct used_file *file;
        uint32_t device;
        uint64_t inode;
        int64_t since; /* wall s: no later */
};

/* In an overlay events tell other numbers than procfs: there equal content at the same place is the file. */
static struct probed_file *probed_of(const struct native_watch *n, const struct past_use *use)
{
        struct probed_file *f = functions_hold(n, use->device, use->inode);
        const char *object = use->file->reply.file.object;
        for (size_t i = 0; !f && object && (f = functions_next(n, &i));)
                if (f->changed > 0 && same_place(use->file, f) && str_equal(object, f->object))
                        return f;
        return f;
}

static void note_unprobed(struct native_watch *n, const struct past_use *use)
{
        bool any = false;
        struct probed_file *f;
        for (size_t i = 0; (f = functions_next(n, &i));) {
                bool holds = false;
                vec_each (p, &f->functions)
                        holds = holds || may_hold(use->file, f, p);
                if (holds)
                        any |= note_missed(f, use->workload);
        }
        if (any)
                functions_want_told(n, use->inode);
}

/* Of a file that the workload uses its probes tell, but for what began before them: what holds inlined copies
 * may have. False: it does not use it, as far as is known. */
static bool note_probed(struct probed_file *f, const struct past_use *use)
{
        vec_each (user, &f->users) {
                if (!str_equal(user->workload, use->workload))
                        continue;
                f->news |= user->oldest > use->since;
                user->oldest = MIN(user->oldest, use->since);
                return true;
        }
        return false;
}

static bool was_probed(const struct probed_file *f, int64_t since)
{
        vec_each (p, &f->functions)
                if (!p->found.absent && (!p->armed || p->since > since))
                        return false;
        return f->resolved;
}

/* It was looked at, and there is nothing in it to be watched. */
static bool is_boring(const struct native_watch *n, const struct used_file *used)
{
        return used->probed_epoch == n->epoch && (!used->probed || !used->probed->functions.count);
}

static void note_use(struct native_watch *n, const struct past_use *use)
{
        struct probed_file *f = probed_of(n, use);
        if (is_boring(n, use->file) || (f && (note_probed(f, use) || was_probed(f, use->since))))
                return;
        note_unprobed(n, use);
}

/* It ended between the look at it and this. */
static void note_ended(struct look *l, const struct entry *e)
{
        struct native_watch *n = &l->native;
        bool unread = e->files.count != e->process.mappings.count;
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                const struct mapping *m = &e->process.mappings.items[i];
                const struct past_use use = {.workload = e->process.workload_id,
                                             .file = e->files.items[i],
                                             .device = m->device,
                                             .inode = m->inode,
                                             .since = clock_wall_of(function_program_start(l, e))};
                if (use.file && use.file->examined)
                        note_use(n, &use);
                else
                        unread = true;
        }
        if (unread)
                functions_missed(n, e->process.workload_id, 0, 0);
}

void functions_note_missed(struct look *l, const entry_list *list)
{
        struct native_watch *n = &l->native;
        vec_each (e, list)
                if ((*e)->ended && entry_named(*e))
                        note_ended(l, *e);
        vec_each (late, &l->late_uses) {
                const struct past_use use = {.workload = late->neighbour->process.workload_id,
                                             .file = late->file,
                                             .device = late->device,
                                             .inode = late->inode,
                                             .since = clock_wall_of(late->time)};
                note_use(n, &use);
        }
        functions_tell_again(n);
}
