/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_root.h"

#include "base/clock.h"
#include "base/heap.h"
#include "prober/module_cache.h"
#include "prober/reply.h"
#include "prober/worker_jobs.h"
#include "prober/worker_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

/* An inventory is read once a root and kept, because every mapped file asks it for its owner. A job that
 * asks for the inventory itself looks again: what has not changed is taken over. */

enum { MOST_ROOTS = 64, OWNERS_MEMORY = 16 << 20, KEYS_MEMORY = 64 << 20 };

static void root_free(struct cached_root *root)
{
        copies_free(root->copies);
        module_cache_free(root->modules);
        inventory_free(root->inventory);
        root_marks_done(&root->marks);
        vec_done(&root->place_marks);
        if (root->views)
                views_done(root->views);
        free(root->views);
        free(root);
}

static void forget(struct worker *w, struct cached_root *root)
{
        map_remove(&w->roots, root->id, strlen(root->id));
        root_free(root);
}

void worker_roots_done(struct worker *w)
{
        size_t i = 0;
        for (void *value; map_next(&w->roots, &i, NULL, NULL, &value);)
                root_free(value);
        map_done(&w->roots);
}

static void make_room(struct worker *w)
{
        size_t i = 0;
        void *value;
        if (w->roots.count >= MOST_ROOTS && map_next(&w->roots, &i, NULL, NULL, &value))
                forget(w, value);
}

static struct inventory_hints hints_of(const struct probe_job *job)
{
        bool whole = job->flags & PROBE_TREE_WHOLE;
        return (struct inventory_hints){
                .python_paths = job->python_paths,
                .python_path_count = job->python_path_count,
                .places = job->places,
                .place_count = job->place_count,
                .kernel_release = job->kernel_release,
                .whole = whole,
                .caches = job->flags & PROBE_TREE_CACHES,
                .every_mount = job->flags & PROBE_TREE_MOUNTS,
                .one_file_system = job->flags & PROBE_TREE_ONE,
                .remember = job->pid != 0,
                .until = clock_boottime() + (job->time ? MIN(job->time, TIME_MOST)
                                             : whole   ? TIME_TREE
                                                       : TIME_LOOK),
        };
}

int worker_first_root_open(struct worker *w, const struct probe_job *job)
{
        struct probe_job through = *job;
        through.kind = PROBE_INVENTORY; /* another process than that of the mapping */
        if (job->first.pid)
                through.pid = job->first.pid;
        return worker_root_open(w, &through);
}

/* Take over what was read; what was made of the one before is made again when somebody asks, as far as it
 * holds no longer. */
static void adopt(struct cached_root *root, struct inventory *inventory)
{
        root->modules = module_cache_free(root->modules);
        root->inventory = inventory;
        if (root->copies)
                copies_outdate(root->copies);
        root->told = false;
}

static int64_t wall_ns(clockid_t clock)
{
        struct timespec now;
        clock_gettime(clock, &now);
        return (int64_t)now.tv_sec * (int64_t)NS_PER_S + now.tv_nsec;
}

/* File systems count in ticks, and exactly where somebody asked for the last time (kernel 6.13: multigrain
 * timestamps). So what changes from now on has at least the time of the last tick, and at most that of the
 * exact clock: a later one tells of another clock, and of nothing else. */
bool worker_inventory_is_older(struct worker *w, const char *root_id, int64_t changed)
{
        const struct cached_root *root = root_find(w, root_id);
        return root && changed >= root->read_at && changed <= wall_ns(CLOCK_REALTIME);
}

/* Its place, made where there is none; NULL: out of memory. */
static struct cached_root *root_intern(struct worker *w, const char *root_id)
{
        size_t size = strlen(root_id) + 1;
        struct cached_root *root = root_find(w, root_id);
        if (root)
                return root;
        make_room(w);
        root = calloc(1, sizeof(*root) + size);
        if (!root)
                return NULL;
        memcpy(root->id, root_id, size);
        if (map_put_str(&w->roots, root->id, root) == 0)
                return root;
        free(root);
        return NULL;
}

/* The one before answers urgent questions until the new one is there. */
static int read_root(struct worker *w, const struct probe_job *job, struct cached_root **ret)
{
        if (!job->root_id)
                return -EINVAL;
        _cleanup_close_ int root_fd = worker_first_root_open(w, job);
        if (root_fd < 0)
                return root_fd;
        struct inventory_hints hints = hints_of(job);
        hints.lent = true;
        struct inventory *inventory = NULL;
        struct cached_root *root = root_find(w, job->root_id);
        struct inventory *previous = root ? root->inventory : NULL;
        int64_t now = wall_ns(CLOCK_REALTIME_COARSE);
        int r = inventory_read(root_fd, job->root_id, &hints, previous, &inventory);
        roots_lock(w);
        if (root)
                root->inventory = inventory_free(previous);
        if (r == 0 && !(root = root_intern(w, job->root_id)))
                r = -ENOMEM;
        if (r == 0) {
                adopt(root, TAKE_PTR(inventory));
                root->first = job->first;
                root->read_at = now;
                *ret = root;
        }
        roots_unlock(w);
        inventory_free(inventory);
        return r;
}

struct marks {
        struct root_marks root;
        mark_list places;
};

static void marks_done(struct marks *m)
{
        root_marks_done(&m->root);
        vec_done(&m->places);
}

static int take_marks(int root_fd, const struct probe_job *job, struct marks *ret)
{
        int r = root_fd < 0 ? root_fd : root_marks_take(root_fd, job, &ret->root);
        return r < 0 ? r : marks_take(root_fd, job, &ret->places);
}

static void keep_marks(struct cached_root *root, struct marks *m)
{
        root_marks_done(&root->marks);
        vec_done(&root->place_marks);
        root->marks = m->root;
        root->place_marks = m->places;
        *m = (struct marks){};
}

/* Somebody asks for an owner before the inventory was asked for, as behind the start of a worker: with its
 * marks, that question need not read all of it once more. */
static int read_unasked(struct worker *w, const struct probe_job *job, struct cached_root **ret)
{
        _cleanup_(marks_done) struct marks marks = {};
        _cleanup_close_ int root_fd = worker_first_root_open(w, job);
        int r = take_marks(root_fd, job, &marks);
        if (r == 0)
                r = read_root(w, job, ret);
        if (r == 0)
                keep_marks(*ret, &marks);
        return r;
}

/* Look only at what is new, and at folders of modules that changed, if nothing else is known to have. enum
 * inventory_extent or -errno. */
static int read_news(struct worker *w, const struct probe_job *job, const struct root_marks *now,
                     struct cached_root **ret)
{
        struct cached_root *root = job->root_id ? map_get_str(&w->roots, job->root_id) : NULL;
        if (!root || !root->inventory || root->marks.folders.count > job->python_path_count ||
            root->marks.databases != now->databases || root->first.mount_ns != job->first.mount_ns)
                return read_root(w, job, ret);
        _cleanup_close_ int root_fd = worker_root_open(w, job);
        if (root_fd < 0)
                return root_fd;
        if (marks_changed(&root->place_marks, root_fd, job))
                return read_root(w, job, ret);
        _cleanup_free_ bool *again = calloc(job->python_path_count + 1, sizeof(*again));
        if (!again)
                return -ENOMEM;
        for (size_t i = 0; i < job->python_path_count; i++)
                again[i] = root_marks_folder_changed(&root->marks, now, i);
        struct inventory_hints hints = hints_of(job);
        hints.python_again = again;
        struct inventory *inventory;
        roots_lock(w); /* it is changed while it is read */
        int r = inventory_extend(root_fd, &hints, TAKE_PTR(root->inventory), &inventory);
        if (r == INVENTORY_SAME)
                root->inventory = inventory;
        else if (r > 0 || r == INVENTORY_READ)
                adopt(root, inventory);
        roots_unlock(w);
        *ret = root;
        return r == INVENTORY_SAME && !root->told ? INVENTORY_MORE : r;
}

struct copies *worker_copies_of(struct worker *w, const char *root_id, const struct inventory **ret)
{
        struct cached_root *root = root_find(w, root_id);
        if (!root || !root->inventory)
                return NULL;
        if (!root->copies && !w->first)
                root->copies = copies_new();
        *ret = root->inventory;
        return root->copies;
}

const struct inventory *worker_inventory_of(struct worker *w, const struct probe_job *job)
{
        const struct cached_root *root = root_find(w, job->root_id);
        const struct inventory *inventory = root ? root->inventory : NULL;
        struct cached_root *read;
        if (!inventory && !w->first && !(job->flags & PROBE_NO_INVENTORY) && read_unasked(w, job, &read) == 0)
                inventory = read->inventory;
        return inventory;
}

static struct view_table *views_of(struct worker *w, const struct probe_job *job)
{
        struct cached_root *root = root_find(w, job->root_id);
        if (root && !root->views && !w->first)
                root->views = calloc(1, sizeof(*root->views));
        return root ? root->views : NULL;
}

const struct inventory *worker_inventory_at(struct worker *w, const struct probe_job *job, const char *path,
                                            bool *ret_unread)
{
        const struct inventory *inventory = worker_inventory_of(w, job);
        if (roots_lock(w) < 0)
                return NULL;
        struct view_table *views = inventory ? views_of(w, job) : NULL;
        enum view_side side = views ? view_of(w, views, job, path, &inventory) : VIEW_ROOT;
        *ret_unread |= side == VIEW_UNKNOWN;
        roots_unlock(w);
        return inventory;
}

bool worker_sees_root(struct worker *w, const struct probe_job *job)
{
        if (roots_lock(w) < 0)
                return false;
        struct view_table *views = views_of(w, job);
        bool sees = !views || view_is_root(w, views, job);
        roots_unlock(w);
        return sees;
}

/* Another one than that of the inventory, too, where something changed at its places. */
int worker_stamp(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        const struct cached_root *root = job->root_id ? map_get_str(&w->roots, job->root_id) : NULL;
        _cleanup_close_ int root_fd = worker_root_open(w, job);
        if (root_fd < 0)
                return root_fd;
        struct root_marks now;
        int r = root_marks_take(root_fd, job, &now);
        if (r < 0)
                return r;
        uint64_t stamp = root_marks_stamp(&now);
        root_marks_done(&now);
        bool changed = root && (marks_changed(&root->place_marks, root_fd, job) ||
                                (root->views && views_changed(job, root->views)));
        wire_put_u64(reply, changed ? ~stamp : stamp);
        return 0;
}

/* Whose the things are that the job asks for. 0 or -ENOMEM. */
static int tell_owners(struct worker *w, const struct probe_job *job, const struct inventory *inventory,
                       struct arena *a, struct inventory_reply *to)
{
        _cleanup_close_ int root_fd = job->thing_count ? worker_root_open(w, job) : -1;
        const package_list *packages = inventory_packages(inventory);
        for (size_t i = 0; i < job->thing_count; i++) {
                package_refs refs = {};
                int r = inventory_owners_named(inventory, root_fd, job->things[i], &refs);
                struct thing_owners *o = vec_add(&to->owners);
                uint64_t *indexes = arena_alloc(a, MAX(refs.count, (size_t)1) * sizeof(*indexes));
                if (!o || !indexes || r == -ENOMEM) {
                        vec_done(&refs);
                        return -ENOMEM;
                }
                for (size_t n = 0; n < refs.count; n++)
                        indexes[n] = (uint64_t)(refs.items[n] - packages->items);
                *o = (struct thing_owners){indexes, r < 0 ? 0 : refs.count,
                                           r == -E2BIG ? "it belongs to too many packages with equal right"
                                           : r < 0     ? strerror(-r)
                                                       : NULL};
                vec_done(&refs);
        }
        return 0;
}

static int add_package(const struct package *p, package_list *to)
{
        struct package *slot = vec_add(to);
        if (slot)
                *slot = *p;
        return slot ? 0 : -ENOMEM;
}

static void packages_by_key(const package_list *packages, struct arena *a, struct map *to)
{
        vec_each (p, packages) {
                const char *key = package_key(p, a);
                if (key)
                        map_put_str(to, key, to);
        }
}

/* Of the root, and what others see beside it: replicas may have the same on volumes of their own. */
static int list_packages(const struct cached_root *root, package_list *to)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(KEYS_MEMORY);
        _cleanup_map_ struct map known = {};
        const package_list *own = inventory_packages(root->inventory);
        int r = 0;
        for (size_t i = 0; r == 0 && i < own->count; i++)
                r = add_package(&own->items[i], to);
        for (size_t n = 0; r == 0 && root->views && n < root->views->parts.count; n++) {
                const struct inventory *inventory = root->views->parts.items[n]->inventory;
                const package_list *seen = inventory ? inventory_packages(inventory) : NULL;
                if (!seen || !seen->count)
                        continue;
                if (!known.count)
                        packages_by_key(own, &a, &known);
                for (size_t i = 0; r == 0 && i < seen->count; i++) {
                        const char *key = package_key(&seen->items[i], &a);
                        if (key && map_get_str(&known, key))
                                continue;
                        r = key && map_put_str(&known, key, to) == 0 ? add_package(&seen->items[i], to)
                                                                     : -ENOMEM;
                }
        }
        return r;
}

static int add_limit(sentence_list *to, const char *text)
{
        const char **slot = vec_add(to);
        if (slot)
                *slot = text;
        return slot ? 0 : -ENOMEM;
}

static int list_view_limits(const struct view_table *views, struct arena *a, struct inventory_reply *to)
{
        int r = 0;
        vec_each (limit, &views->limits)
                r = r == 0 ? add_limit(&to->limits, *limit) : r;
        vec_each (part, &views->parts) {
                size_t count = 0;
                const char *const *limits =
                        (*part)->inventory ? inventory_limits((*part)->inventory, &count) : NULL;
                for (size_t i = 0; r == 0 && i < count; i++) {
                        const char *text = arena_printf(a, "%s (in another mount namespace)", limits[i]);
                        r = text ? add_limit(&to->limits, text) : -ENOMEM;
                }
        }
        return r;
}

static int pack_inventory(struct worker *w, const struct probe_job *job, const struct cached_root *root,
                          struct inventory_reply *record, struct buf *reply)
{
        _cleanup_arena_ struct arena a = ARENA_INIT(OWNERS_MEMORY);
        size_t count;
        const char *const *limits = inventory_limits(root->inventory, &count);
        bool same = record->extent == INVENTORY_SAME;
        int r = same ? 0 : list_packages(root, &record->packages);
        for (size_t i = 0; !same && i < count && r == 0; i++)
                r = add_limit(&record->limits, limits[i]);
        if (!same && r == 0 && root->views)
                r = list_view_limits(root->views, &a, record);
        if (r == 0)
                r = tell_owners(w, job, root->inventory, &a, record);
        if (r == 0)
                inventory_reply_pack(record, reply);
        vec_done(&record->limits);
        vec_done(&record->packages);
        vec_done(&record->owners);
        return r < 0 ? r : reply->error;
}

/* What other mount namespaces see, too; what comes of both together. */
static int read_views(struct worker *w, const struct probe_job *job, struct cached_root *root, int extent)
{
        roots_lock(w);
        struct view_table *views = job->other_count || root->views ? views_of(w, job) : NULL;
        roots_unlock(w);
        const struct inventory_hints hints = hints_of(job);
        if (!views)
                return job->other_count ? -ENOMEM : extent;
        roots_lock(w);
        int r = views_read(w, job, &hints, extent != INVENTORY_READ, views);
        roots_unlock(w);
        return r < 0 ? r : extent == INVENTORY_SAME ? r : extent;
}

static bool views_late(const struct view_table *views)
{
        bool late = false;
        for (size_t i = 0; views && i < views->parts.count; i++)
                late |= views->parts.items[i]->inventory &&
                        inventory_lacks_time(views->parts.items[i]->inventory);
        return late;
}

int worker_inventory(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        struct cached_root *root;
        uint64_t begin = clock_cpu();
        _cleanup_(marks_done) struct marks marks = {};
        _cleanup_close_ int root_fd = worker_root_open(w, job);
        int r = take_marks(root_fd, job, &marks);
        if (r == 0)
                r = job->flags & PROBE_TREE_NEWS ? read_news(w, job, &marks.root, &root)
                                                 : read_root(w, job, &root);
        if (r >= 0)
                r = read_views(w, job, root, r);
        if (r < 0)
                return r;
        keep_marks(root, &marks);
        struct inventory_reply record = {.extent = (enum inventory_extent)r,
                                         .cpu_ns = clock_cpu() - begin,
                                         .stamp = root_marks_stamp(&root->marks),
                                         .late = inventory_lacks_time(root->inventory) ||
                                                 views_late(root->views)};
        r = pack_inventory(w, job, root, &record, reply);
        root->told = r == 0;
        if (record.extent != INVENTORY_SAME)
                heap_trim(); /* of the one before, which was needed until now */
        return r;
}
