/* SPDX-License-Identifier: Apache-2.0 */

/* A command that runs for a millisecond is gone before anybody can look at it; the event of its mapping
 * remains. Its file is opened by its path in the root of a process that shares its cgroup, and counts
 * only if it has the inode number that the event tells (it may have lived in another root) and has not
 * changed since. What cannot be attributed is a gap, not nothing. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>

enum { MOST_LATE_FILES = 8192 };

void look_file_mapped(struct look *l, const struct mapped_event *event)
{
        if (event->unprobed)
                function_note_unprobed(&l->native, event->device, event->inode);
        functions_note_passer(&l->native, event->device, event->inode, event->cgroup);
        struct entry *known = table_get(&l->table, event->pid);
        if (known)
                functions_doubt_answers(known);
        struct late_file *f = l->late_files.count < MOST_LATE_FILES ? vec_add(&l->late_files) : NULL;
        char *path = f ? strdup(event->path) : NULL;
        if (!path) {
                l->late_overflow++;
                functions_missed(&l->native, made_cgroup_workload(l, event->cgroup), event->device,
                                 event->inode);
                if (f)
                        l->late_files.count--;
                return;
        }
        *f = (struct late_file){.pid = event->pid,
                                .start = event->start,
                                .time = event->time,
                                .cgroup = event->cgroup,
                                .inode = event->inode,
                                .device = event->device,
                                .path = path};
}

static bool same_process(const struct entry *e, const struct late_file *f)
{
        return e && f->start && e->process.start == f->start / PROCESS_START_GRAIN * PROCESS_START_GRAIN;
}

/* The look at the process itself saw the file, and could examine it: its evidence is in the join already. */
static bool was_seen(const struct entry *e, const struct late_file *f)
{
        for (size_t i = 0; i < e->files.count && i < e->process.mappings.count; i++) {
                const struct used_file *used = e->files.items[i];
                if (used && used->examined && !strcmp(e->process.mappings.items[i].path, f->path))
                        return true;
        }
        return false;
}

static bool sees_the_same(const struct process *x, const struct process *y)
{
        return str_equal(x->workload_id, y->workload_id) && str_equal(x->root.id, y->root.id) &&
               x->mount_ns == y->mount_ns;
}

/* The process itself may have ended since it was looked at: another one that sees the same is asked if there
 * is one. */
static const struct entry *representative(const struct look *l, const struct map *cgroups,
                                          const struct late_file *f)
{
        const struct entry *own = table_get(&l->table, f->pid);
        const struct entry *other = map_get(cgroups, &f->cgroup, sizeof(f->cgroup));
        bool known = same_process(own, f) && entry_named(own);
        return known && (!other || !sees_the_same(&other->process, &own->process)) ? own : other;
}

static void late_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        errand->file->failure = status ? status : files_examined(errand->file, reply);
}

static int ask_late_file(struct look *l, const struct entry *e, const struct late_file *f,
                         struct used_file *file)
{
        struct known_root *root = map_get_str(&l->roots.roots, e->process.root.id);
        struct errand *errand = errand_new(l, e->pid);
        if (!root || !errand)
                return -ENOMEM;
        errand->file = file;
        struct probe_job job = root_job(l, root, e->pid);
        job.kind = PROBE_FILE;
        job.path = f->path;
        job.inode = f->inode;
        job.started = clock_wall_of(f->time);
        file->asked = true;
        return prober_submit(l->prober, &job, late_done_reply, errand);
}

/* Whoever is oldest in a cgroup is the last to be gone before it is asked. Threads of the kernel stand for
 * what it starts by itself, where there is no program. */
static bool stands_for(const struct entry *e, const struct entry *other)
{
        if (!e->process.cgroup_id || !entry_named(e) || e->process.unreadable || e->ended)
                return false;
        if (!other || e->process.kernel != other->process.kernel)
                return !other || other->process.kernel;
        return e->process.start < other->process.start;
}

static int index_cgroups(const struct look *l, struct map *to)
{
        int r = 0;
        size_t i = 0;
        for (void *value; r == 0 && map_next(&l->table.entries, &i, NULL, NULL, &value);) {
                struct entry *e = value;
                if (stands_for(e, map_get(to, &e->process.cgroup_id, sizeof(uint64_t))))
                        r = map_put(to, &e->process.cgroup_id, sizeof(uint64_t), e);
        }
        return r;
}

static int lose_file(struct look *l, const struct entry *e, uint64_t cgroup, uint32_t device, uint64_t inode)
{
        functions_missed(&l->native, e ? e->process.workload_id : made_cgroup_workload(l, cgroup), device,
                         inode);
        look_loss(l, "files mapped by processes that ended before they could be looked at", 1);
        l->weakened++;
        if (!e) {
                l->unplaced++;
                return 0;
        }
        struct group *g = groups_intern(&l->groups, e->process.workload_id, e->process.root.id);
        if (!g)
                return -ENOMEM;
        g->lost_files++;
        return 0;
}

static int ask_late_files(struct look *l, const late_list *taken)
{
        _cleanup_map_ struct map cgroups = {};
        int r = taken->count ? index_cgroups(l, &cgroups) : 0;
        for (size_t i = 0; r == 0 && i < taken->count; i++) {
                const struct late_file *f = &taken->items[i];
                const struct entry *e = representative(l, &cgroups, f), *own = table_get(&l->table, f->pid);
                if (!e || f->path[0] != '/' || !f->inode) {
                        r = lose_file(l, e, f->cgroup, f->device, f->inode);
                        continue;
                }
                if (same_process(own, f) && entry_named(own) && was_seen(own, f))
                        continue;
                struct mapping by_path = {.path = f->path, .inode = f->inode};
                struct used_file *file = files_intern(&l->files, e->process.root.id, &by_path);
                struct late_use *use = vec_add(&l->late_uses);
                if (!file || !use)
                        return -ENOMEM;
                *use = (struct late_use){.file = file,
                                         .neighbour = e,
                                         .pid = f->pid,
                                         .start = f->start ? f->start : f->time,
                                         .time = f->time,
                                         .inode = f->inode,
                                         .device = f->device};
                if (!file->examined && !file->asked)
                        r = ask_late_file(l, e, f, file);
        }
        return r;
}

/* Keep those uses whose file could be proven; the others are gaps. */
static int settle_late_files(struct look *l)
{
        size_t kept = 0;
        for (size_t i = 0; i < l->late_uses.count; i++) {
                struct late_use use = l->late_uses.items[i];
                use.file->asked = false;
                if (use.file->examined) {
                        l->late_uses.items[kept++] = use;
                        continue;
                }
                int r = lose_file(l, use.neighbour, 0, use.device, use.inode);
                if (r < 0)
                        return r;
        }
        l->late_uses.count = kept;
        return 0;
}

int read_late_files(struct look *l, struct error *error)
{
        late_list taken = l->late_files; /* events that arrive while this waits belong to the next look */
        l->late_files = (late_list){};
        l->late_uses.count = 0;
        int r = ask_late_files(l, &taken);
        int waited = errands_wait(l, error);
        if (r == 0 && waited < 0)
                r = waited;
        else if (r == 0)
                r = settle_late_files(l);
        if (l->late_overflow)
                look_loss(l, "mappings that found no room before the look", l->late_overflow);
        l->unplaced += l->late_overflow;
        l->weakened += l->late_overflow > 0;
        l->late_overflow = 0;
        vec_each (f, &taken)
                free(f->path);
        vec_done(&taken);
        return r == -ENOMEM ? error_set(error, r, "out of memory") : r;
}
