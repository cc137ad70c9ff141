/* SPDX-License-Identifier: Apache-2.0 */

/* A root is read through one process. Where another one has something else mounted, a second inventory keeps
 * to these places, read through that other process, and answers for whoever lives in its namespace. Both are
 * told together, as the packages of one root: a path that means two things is two packages, and whose file it
 * is depends on who maps it. */

#include "prober/worker_view.h"

#include "base/file.h"
#include "base/map.h"
#include "host/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { MOST_VIEWS = 256, MOST_PARTS = 64, VIEW_MEMORY = 8 << 20, MOUNTS_TEXT = 16 << 20, MOST_LIMITS = 16 };

static void view_free(struct view *v)
{
        mount_differences_done(&v->differences);
        arena_done(&v->arena);
        free(v);
}

static void part_free(struct view_part *p)
{
        inventory_free(p->inventory);
        vec_done(&p->marks);
        mount_differences_done(&p->differences);
        arena_done(&p->arena);
        free(p);
}

void views_done(struct view_table *t)
{
        vec_each (v, &t->views)
                view_free(*v);
        vec_each (p, &t->parts)
                part_free(*p);
        vec_done(&t->views);
        vec_done(&t->parts);
        vec_done(&t->limits);
        arena_done(&t->told);
}

/* ---- namespaces ------------------------------------------------------------------------------------- */

static uint64_t mount_ns_of(int pid)
{
        char path[64];
        struct stat st;
        snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
        return stat(path, &st) < 0 ? 0 : st.st_ino;
}

static int mounts_read(int pid, struct buf *to)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
        int r = file_read_at(AT_FDCWD, path, to);
        return r == -ENOENT ? -ESRCH : r;
}

/* Where the process sees other things than `first`. 0, -ESRCH (one of both is gone) or -errno. */
static int compare(const struct probe_view *first, const struct probe_view *other, struct arena *a,
                   struct mount_differences *ret)
{
        _cleanup_buf_ struct buf base = BUF_INIT(MOUNTS_TEXT), text = BUF_INIT(MOUNTS_TEXT);
        int r = mounts_read(first->pid, &base);
        if (r == 0)
                r = mounts_read(other->pid, &text);
        /* Numbers of processes are given again. */
        if (r == 0 &&
            (mount_ns_of(first->pid) != first->mount_ns || mount_ns_of(other->pid) != other->mount_ns))
                r = -ESRCH;
        return r < 0 ? r
                     : mounts_compare((struct span){base.data, base.size},
                                      (struct span){text.data, text.size}, a, ret);
}

static struct view *view_find(const struct view_table *t, uint64_t mount_ns)
{
        vec_each (v, &t->views)
                if ((*v)->mount_ns == mount_ns)
                        return *v;
        return NULL;
}

static struct view_part *part_find(const struct view_table *t, const char *identity)
{
        vec_each (p, &t->parts)
                if (str_equal((*p)->differences.identity, identity))
                        return *p;
        return NULL;
}

static const char *failure_text(int r)
{
        return r == -ESRCH ? "its processes ended" : r == -E2BIG ? "too many mounts" : strerror(-r);
}

/* What the namespace sees now; the view that is known of it otherwise, if `other` has just ended. NULL: out
 * of memory. */
static struct view *view_take(struct view_table *t, const struct probe_view *first,
                              const struct probe_view *other)
{
        struct view *v = view_find(t, other->mount_ns), *new = calloc(1, sizeof(*new));
        if (!new)
                return NULL;
        new->mount_ns = other->mount_ns;
        new->arena = ARENA_INIT(VIEW_MEMORY);
        int r = compare(first, other, &new->arena, &new->differences);
        if (r == -ESRCH && v) {
                view_free(new);
                return v;
        }
        new->ended = r == -ESRCH;
        if (r < 0)
                new->incomparable = failure_text(r);
        else
                new->part = part_find(t, new->differences.identity);
        if (v) {
                struct view old = *v;
                *v = *new;
                *new = old;
                view_free(new);
                return v;
        }
        struct view **slot = vec_add(&t->views);
        if (!slot) {
                view_free(new);
                return NULL;
        }
        return *slot = new;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static int part_new(struct view_table *t, const struct view *v, struct view_part **ret)
{
        struct view_part *p = calloc(1, sizeof(*p)), **slot;
        if (!p)
                return -ENOMEM;
        p->arena = ARENA_INIT(VIEW_MEMORY);
        p->differences.identity = arena_strdup(&p->arena, v->differences.identity);
        vec_each (from, &v->differences.items) {
                struct mount_difference *to = vec_add(&p->differences.items);
                if (to)
                        *to = (struct mount_difference){arena_strdup(&p->arena, from->path),
                                                        arena_strdup(&p->arena, from->type)};
                if (!to || !to->path || (from->type && !to->type)) {
                        part_free(p);
                        return -ENOMEM;
                }
        }
        slot = p->differences.identity ? vec_add(&t->parts) : NULL;
        if (!slot) {
                part_free(p);
                return -ENOMEM;
        }
        *ret = *slot = p;
        return 0;
}

static int note_marks(struct view_part *p, int root_fd, const struct probe_job *job)
{
        p->marks.count = 0;
        p->stamp = inventory_stamp(root_fd, job->python_paths, job->python_path_count);
        return marks_take(root_fd, job, &p->marks);
}

static bool part_changed(const struct view_part *p, int root_fd, const struct probe_job *job)
{
        return p->stamp != inventory_stamp(root_fd, job->python_paths, job->python_path_count) ||
               marks_changed(&p->marks, root_fd, job);
}

/* INVENTORY_SAME, INVENTORY_MORE or -errno. */
static int part_read(struct view_part *p, int root_fd, const struct probe_job *job,
                     struct inventory_hints hints, bool news)
{
        _cleanup_free_ struct inventory_part *parts =
                calloc(MAX(p->differences.items.count, (size_t)1), sizeof(*parts));
        bool changed = part_changed(p, root_fd, job);
        int r = parts ? note_marks(p, root_fd, job) : -ENOMEM;
        if (r < 0)
                return r;
        for (size_t i = 0; i < p->differences.items.count; i++)
                parts[i] = (struct inventory_part){p->differences.items.items[i].path,
                                                   p->differences.items.items[i].type};
        hints.parts = parts;
        hints.part_count = p->differences.items.count;
        hints.kernel_release = NULL;
        struct inventory *before = TAKE_PTR(p->inventory);
        if (news && before && !changed)
                return inventory_extend(root_fd, &hints, before, &p->inventory);
        r = inventory_read(root_fd, job->root_id, &hints, before, &p->inventory);
        return r < 0 ? r : INVENTORY_MORE;
}

static int say(struct view_table *t, uint64_t mount_ns, const struct mount_differences *d, const char *why)
{
        if (t->limits.count >= MOST_LIMITS)
                return 0;
        const char *where = d && d->items.count ? d->items.items[0].path : NULL;
        const char *text =
                where ? arena_printf(&t->told,
                                     "what is mounted at %s%s in another mount namespace (%llu): %s", where,
                                     d->items.count > 1 ? " and elsewhere" : "", (unsigned long long)mount_ns,
                                     why)
                      : arena_printf(&t->told, "what is mounted in another mount namespace only (%llu): %s",
                                     (unsigned long long)mount_ns, why);
        const char **slot = text ? vec_add(&t->limits) : NULL;
        if (slot)
                *slot = text;
        return slot ? 0 : -ENOMEM;
}

/* One sentence, however many there are, and which: on a machine where services with namespaces of their own
 * come and go there are others in each look, and what is the same need not be told again. */
static int say_ended(struct view_table *t)
{
        const char **slot = vec_add(&t->limits);
        if (!slot)
                return -ENOMEM;
        *slot = "what was mounted only for processes that ended before it could be looked at is not seen";
        return 0;
}

/* INVENTORY_SAME, INVENTORY_MORE or -ENOMEM. */
static int view_read(struct worker *w, const struct probe_job *job, const struct probe_view *other,
                     const struct inventory_hints *hints, bool news, struct view_table *t)
{
        struct view *v = view_take(t, &job->first, other);
        if (!v)
                return -ENOMEM;
        if (v->ended) {
                t->ended = true;
                return INVENTORY_SAME;
        }
        if (v->incomparable)
                return say(t, v->mount_ns, NULL, v->incomparable) < 0 ? -ENOMEM : INVENTORY_SAME;
        if (!v->differences.items.count || (v->part && v->part->used))
                return INVENTORY_SAME;
        bool first_time = !v->part;
        if (first_time && t->parts.count >= MOST_PARTS)
                return say(t, v->mount_ns, &v->differences, "there are too many of them") < 0
                               ? -ENOMEM
                               : INVENTORY_SAME;
        struct probe_job through = *job;
        through.pid = other->pid;
        _cleanup_close_ int root_fd = worker_root_open(w, &through);
        if (root_fd < 0) {
                if (!first_time) /* what was read through somebody else still holds */
                        return v->part->used = true, INVENTORY_SAME;
                t->ended |= root_fd == -ESRCH;
                return root_fd != -ESRCH && say(t, v->mount_ns, &v->differences, failure_text(root_fd)) < 0
                               ? -ENOMEM
                               : INVENTORY_SAME;
        }
        int r = first_time ? part_new(t, v, &v->part) : 0;
        if (r < 0)
                return r;
        v->part->used = true;
        r = part_read(v->part, root_fd, &through, *hints, news);
        return r < 0 ? -ENOMEM : first_time || r != INVENTORY_SAME ? INVENTORY_MORE : INVENTORY_SAME;
}

/* Whether parts were dropped that nobody sees any more. */
static bool sweep(struct view_table *t, const struct probe_job *job)
{
        size_t kept = 0, views = 0, before = t->parts.count;
        vec_each (v, &t->views) {
                bool named = false;
                for (size_t i = 0; !named && i < job->other_count; i++)
                        named = job->others[i].mount_ns == (*v)->mount_ns;
                if (named)
                        t->views.items[views++] = *v;
                else
                        view_free(*v);
        }
        t->views.count = views;
        vec_each (v, &t->views)
                if ((*v)->part && !(*v)->part->used)
                        (*v)->part = NULL;
        vec_each (p, &t->parts) {
                if ((*p)->used)
                        t->parts.items[kept++] = *p;
                else
                        part_free(*p);
        }
        t->parts.count = kept;
        return kept != before;
}

static uint64_t limits_hash(const struct view_table *t)
{
        uint64_t hash = t->limits.count;
        vec_each (limit, &t->limits)
                hash = hash * 31 + map_hash(*limit, strlen(*limit));
        return hash;
}

int views_read(struct worker *w, const struct probe_job *job, const struct inventory_hints *hints, bool news,
               struct view_table *t)
{
        uint64_t limits = limits_hash(t);
        bool more = false;
        t->limits.count = 0;
        arena_done(&t->told);
        t->told = ARENA_INIT(VIEW_MEMORY);
        t->ended = false;
        vec_each (p, &t->parts)
                (*p)->used = false;
        for (size_t i = 0; i < job->other_count; i++) {
                if (i >= MOST_VIEWS) {
                        if (say(t, job->others[i].mount_ns, NULL, "there are too many of them") < 0)
                                return -ENOMEM;
                        break;
                }
                int r = view_read(w, job, &job->others[i], hints, news, t);
                if (r < 0)
                        return r;
                more |= r == INVENTORY_MORE;
        }
        if (t->ended && say_ended(t) < 0)
                return -ENOMEM;
        more |= sweep(t, job);
        w->viewed = false;
        return more || limits != limits_hash(t) ? INVENTORY_MORE : INVENTORY_SAME;
}

/* ---- what became of it ------------------------------------------------------------------------------ */

static int view_root_open(int pid)
{
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d", pid);
        _cleanup_close_ int proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return proc_fd < 0 ? -errno : root_open(proc_fd);
}

bool views_changed(const struct probe_job *job, const struct view_table *t)
{
        for (size_t i = 0; i < job->other_count; i++) {
                const struct view *v = view_find(t, job->others[i].mount_ns);
                _cleanup_arena_ struct arena a = ARENA_INIT(VIEW_MEMORY);
                _cleanup_(mount_differences_done) struct mount_differences now = {};
                if (!v || v->incomparable || compare(&job->first, &job->others[i], &a, &now) < 0)
                        continue; /* a new one is read as news */
                if (!str_equal(now.identity, v->differences.identity))
                        return true;
                _cleanup_close_ int root_fd = v->part ? view_root_open(job->others[i].pid) : -1;
                if (root_fd >= 0 && part_changed(v->part, root_fd, job))
                        return true;
        }
        return false;
}

/* ---- whose it is ------------------------------------------------------------------------------------ */

/* NULL: it sees what the root is read through, or that cannot be told any more. */
static struct view *view_of_process(struct worker *w, struct view_table *t, const struct probe_job *job)
{
        if (w->viewed)
                return w->view;
        struct probe_view own = {job->pid, job->pid && job->first.pid ? mount_ns_of(job->pid) : 0};
        w->viewed = true;
        w->view = NULL;
        if (!own.mount_ns || own.mount_ns == job->first.mount_ns)
                return NULL;
        w->view = view_find(t, own.mount_ns);
        if (!w->view && !w->first && t->views.count < MOST_VIEWS)
                w->view = view_take(t, &job->first, &own);
        return w->view;
}

enum view_side view_of(struct worker *w, struct view_table *t, const struct probe_job *job, const char *path,
                       const struct inventory **ret)
{
        const struct view *v = view_of_process(w, t, job);
        if (!v && w->first && job->first.pid && mount_ns_of(job->pid) != job->first.mount_ns)
                return VIEW_UNKNOWN; /* that is told by comparing both */
        if (!v || v->incomparable || !mounts_differ_at(&v->differences, path))
                return VIEW_ROOT;
        if (!v->part || !v->part->inventory)
                return VIEW_UNKNOWN;
        *ret = v->part->inventory;
        return VIEW_PART;
}

bool view_is_root(struct worker *w, struct view_table *t, const struct probe_job *job)
{
        const struct view *v = view_of_process(w, t, job);
        return !v || (!v->incomparable && !v->differences.items.count);
}
