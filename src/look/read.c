/* SPDX-License-Identifier: Apache-2.0 */

/* What is asked of the worker, and what becomes of each answer. A question that fails is never dropped:
 * it leaves a record that says why, and that record blocks the negatives that would rest on it. */

#include "look/errand.h"

#include "base/clock.h"
#include "sensor/sensor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
        FILE_PASSES = 3, /* processes through which one file is asked for before it is given up */
        REREAD_S = 3600, /* what others say of a process (its container's name) changes without it */
};

/* ---- the snapshot of all mappings ------------------------------------------------------------------- */

static int take_mapping(void *context, const struct snapshot_mapping *from)
{
        struct look *l = context;
        int pid = (int)from->tgid;
        struct seen_process *p = map_get(&l->seen, &pid, sizeof(pid));
        if (!p) {
                p = arena_alloc(&l->scratch, sizeof(*p));
                if (!p)
                        return -ENOMEM;
                p->pid = pid;
                p->start = from->start_time / PROCESS_START_GRAIN * PROCESS_START_GRAIN;
                if (map_put(&l->seen, &p->pid, sizeof(p->pid), p) < 0)
                        return -ENOMEM;
        }
        static const char suffix[] = " (deleted)";
        size_t size = strlen(from->path);
        bool deleted = str_ends(from->path, suffix);
        struct mapping *m = vec_add(&p->mappings);
        const char *path =
                arena_strndup(&l->scratch, from->path, deleted ? size - (sizeof(suffix) - 1) : size);
        if (!m || !path)
                return -ENOMEM;
        *m = (struct mapping){.start = from->start,
                              .end = from->end,
                              .offset = from->offset,
                              .inode = from->inode,
                              .device = from->device,
                              .deleted = deleted,
                              .path = path};
        return 0;
}

void forget_snapshot(struct look *l)
{
        size_t i = 0;
        for (void *value; map_next(&l->seen, &i, NULL, NULL, &value);)
                vec_done(&((struct seen_process *)value)->mappings);
        map_done(&l->seen);
}

int read_snapshot(struct look *l)
{
        if (!l->snapshot && !l->snapshot_refused)
                l->snapshot_refused = snapshot_open(&l->snapshot, NULL) < 0;
        if (l->snapshot && snapshot_read(l->snapshot, take_mapping, l) < 0)
                forget_snapshot(l);
        return 0;
}

static const char *failure_text(int r)
{
        return r == -ETIME ? "it took too long" : r == -EPIPE ? "the worker ended" : strerror(-r);
}

/* ---- processes -------------------------------------------------------------------------------------- */

static int adopt_snapshot(struct entry *e, const struct seen_process *seen)
{
        vec_each (from, &seen->mappings) {
                struct mapping *to = vec_add(&e->process.mappings);
                if (!to)
                        return -ENOMEM;
                *to = *from;
                to->path = arena_strdup(&e->arena, from->path);
                if (!to->path)
                        return -ENOMEM;
        }
        return 0;
}

static void process_done_reply(void *context, int status, struct wire *reply);

static int ask_process(struct look *l, struct errand *errand)
{
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = errand->pid, .flags = errand->flags};
        return prober_submit(l->prober, &job, process_done_reply, errand);
}

/* Put the entry into the table. Mappings of the snapshot count only for the very process that it saw. */
static int take_process(struct look *l, struct errand *errand, struct wire *reply)
{
        struct entry *e = entry_new(errand->pid);
        if (!e)
                return -ENOMEM;
        int r = process_unpack(reply, &e->arena, &e->process);
        if (r == 0 && e->process.pid != errand->pid)
                r = -EBADMSG;
        if (r == 0 && errand->failure)
                e->process.unreadable =
                        arena_printf(&e->arena, "memory map: %s", failure_text(errand->failure));
        else if (r == 0 && !(errand->flags & PROCESS_READ_MAPPINGS) && !e->process.unreadable) {
                const struct seen_process *seen = map_get(&l->seen, &errand->pid, sizeof(errand->pid));
                if (!seen || seen->start != e->process.start) {
                        entry_free(e);
                        errand->flags |= PROCESS_READ_MAPPINGS;
                        return ask_process(l, errand);
                }
                r = adopt_snapshot(e, seen);
        }
        e->round = l->round;
        e->mark = quiet_mark_of(&l->quiet, e->pid, e->process.start);
        struct entry *old = table_get(&l->table, e->pid);
        if (r == 0 && old)
                functions_leave(&l->native, old); /* it is counted again */
        if (r == 0)
                r = table_put(&l->table, e);
        if (r < 0)
                entry_free(e);
        return r;
}

static void process_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        struct look *l = errand->look;
        int r = status;
        if (r == 0)
                r = take_process(l, errand, reply);
        if (r == 0)
                return;
        if (r == -ESRCH)
                return; /* it ended; what it had mapped is told by events, or is a gap that the report names
                         */
        if (r == -EPIPE && !errand->repeated) {
                errand->repeated = true; /* the worker may have died of something else */
                if (ask_process(l, errand) == 0)
                        return;
        }
        if (errand->flags) {
                /* Who it is can be told without touching its memory. */
                errand->flags = 0;
                errand->failure = r;
                if (ask_process(l, errand) == 0)
                        return;
        }
        l->nameless++;
        l->nameless_pid = errand->pid;
}

static bool same_mappings(const struct entry *e, const struct seen_process *seen)
{
        if (!seen || seen->start != e->process.start || seen->mappings.count != e->process.mappings.count)
                return false;
        for (size_t i = 0; i < seen->mappings.count; i++) {
                const struct mapping *x = &seen->mappings.items[i], *y = &e->process.mappings.items[i];
                if (x->start != y->start || x->end != y->end || x->offset != y->offset ||
                    x->inode != y->inode || x->deleted != y->deleted || strcmp(x->path, y->path) != 0)
                        return false;
        }
        return true;
}

/* A process that has not run is what it was, but for its files: those may have been replaced. */
static bool is_unchanged(struct look *l, int pid)
{
        struct entry *e = table_get(&l->table, pid);
        if (!e || e->ended || !entry_named(e) || e->process.unreadable ||
            clock_boottime() - e->read_at > REREAD_S * NS_PER_S)
                return false;
        struct quiet_mark mark = quiet_mark_of(&l->quiet, pid, e->process.start);
        if (!quiet_since(&e->mark, &mark) || !same_mappings(e, map_get(&l->seen, &pid, sizeof(pid))))
                return false;
        e->round = l->round;
        return true;
}

int read_changed_processes(struct look *l, const int *pids, size_t count, struct error *error)
{
        VEC(int) changed = {};
        for (size_t i = 0; i < count; i++) {
                if (is_unchanged(l, pids[i]))
                        continue;
                int *slot = vec_add(&changed);
                if (!slot) {
                        vec_done(&changed);
                        return error_set(error, -ENOMEM, "out of memory");
                }
                *slot = pids[i];
        }
        int r = read_processes(l, changed.items, changed.count, error);
        vec_done(&changed);
        return r;
}

int read_processes(struct look *l, const int *pids, size_t count, struct error *error)
{
        spend_on(l, LOOK_PROCESSES);
        for (size_t i = 0; i < count; i++) {
                struct errand *errand = errand_new(l, pids[i]);
                if (!errand)
                        return error_set(error, -ENOMEM, "out of memory");
                errand->flags = PROCESS_READ_SOCKETS;
                if (!map_get(&l->seen, &pids[i], sizeof(pids[i])))
                        errand->flags |= PROCESS_READ_MAPPINGS;
                int r = ask_process(l, errand);
                if (r < 0)
                        return error_set(error, r, "cannot ask the worker: %s", strerror(-r));
        }
        return errands_wait(l, error);
}

/* ---- sockets ---------------------------------------------------------------------------------------- */

static void sockets_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        struct look *l = errand->look;
        socket_list list = {};
        int r = status ? status : socket_unpack(reply, &list);
        if (r == 0)
                vec_each (s, &list) {
                        struct socket_entry *slot = vec_add(&l->sockets);
                        if (slot)
                                *slot = *s;
                        else
                                r = -ENOMEM;
                }
        if (r < 0)
                l->sockets_unread = "the sockets of a network namespace could not be read";
        vec_done(&list);
}

int read_sockets(struct look *l, struct error *error)
{
        spend_on(l, LOOK_SOCKETS);
        struct map namespaces = {};
        entry_list list;
        int r = table_list(&l->table, ENTRIES_ALL, &list);
        l->sockets.count = 0;
        vec_each (e, &list) {
                const struct process *p = &(*e)->process;
                if (r < 0 || !p->net_ns || map_get(&namespaces, &p->net_ns, sizeof(p->net_ns)))
                        continue;
                struct errand *errand = errand_new(l, p->pid);
                struct probe_job job = {.kind = PROBE_SOCKETS, .pid = p->pid};
                r = errand ? map_put(&namespaces, &p->net_ns, sizeof(p->net_ns), *e) : -ENOMEM;
                if (r == 0)
                        r = prober_submit(l->prober, &job, sockets_done_reply, errand);
        }
        vec_done(&list);
        map_done(&namespaces);
        if (r < 0)
                return error_set(error, r, "cannot ask the worker for sockets: %s", strerror(-r));
        return errands_wait(l, error);
}

/* ---- roots ------------------------------------------------------------------------------------------ */

static void root_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        int r = status ? status : roots_read(errand->root, &errand->look->inventories, reply);
        if (r && !errand->root->failure) /* once, however often it is tried again */
                look_loss(errand->look, "inventories that could not be read", 1);
        errand->root->failure = r;
}

static int note_roots(struct look *l, enum entry_choice choice)
{
        entry_list list;
        int r = table_list(&l->table, choice, &list);
        if (r < 0)
                return r;
        vec_each (e, &list)
                if (!(*e)->ended && (*e)->round == l->round && entry_named(*e) &&
                    !roots_note(&l->roots, *e, l->round))
                        r = -ENOMEM;
        vec_done(&list);
        return r;
}

static void stamp_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        roots_stamped(errand->root, status, reply);
}

static int ask_root(struct look *l, struct known_root *root, enum probe_kind kind, unsigned flags,
                    probe_done done, struct error *error)
{
        struct errand *errand = errand_new(l, root->first.pid);
        if (!errand)
                return error_set(error, -ENOMEM, "out of memory");
        errand->root = root;
        struct probe_job job = root_job(l, root, root->first.pid);
        job.kind = kind;
        job.flags = flags;
        job.others = root->others.items;
        job.other_count = root->others.count;
        /* A folder that came later is no change of what was read. */
        if (kind == PROBE_STAMP)
                job.python_path_count = root->stamped;
        else
                root->asked = job.python_path_count;
        int r = prober_submit(l->prober, &job, done, errand);
        return r < 0 ? error_set(error, r, "cannot ask the worker: %s", strerror(-r)) : 0;
}

/* Ask each root that was read whether something was installed there since. */
static int stamp_roots(struct look *l, struct error *error)
{
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));) {
                if (!root->known || root->failure || root->unstamped)
                        continue;
                int r = ask_root(l, root, PROBE_STAMP, 0, stamp_done_reply, error);
                if (r < 0)
                        return r;
        }
        return errands_wait(l, error);
}

int read_roots(struct look *l, bool only_new, struct error *error)
{
        spend_on(l, LOOK_INVENTORIES);
        int r = note_roots(l, only_new ? ENTRIES_OPEN : ENTRIES_ALL);
        if (r < 0)
                return error_set(error, r, "out of memory");
        if (!only_new && (r = stamp_roots(l, error)) < 0)
                return r;
        uint64_t now = clock_boottime();
        size_t i = 0;
        for (struct known_root *root; (root = roots_next(&l->roots, &i));) {
                enum root_due due = roots_due(root, &l->inventories, now);
                if (due == ROOT_RESTS)
                        continue;
                if (only_new && root->known && due == ROOT_WHOLE) {
                        l->roots_old = true;
                        continue;
                }
                unsigned flags = due == ROOT_NEWS ? PROBE_TREE_NEWS : 0;
                if ((r = ask_root(l, root, PROBE_INVENTORY, flags, root_done_reply, error)) < 0)
                        return r;
        }
        r = errands_wait(l, error);
        i = 0;
        /* What came to an inventory is joined by a full look. */
        for (struct known_root *root; only_new && (root = roots_next(&l->roots, &i));)
                l->roots_old |= root->fresh && root->put_at;
        i = 0;
        for (struct known_root *root; r == 0 && (root = roots_next(&l->roots, &i));) {
                if (root->failure)
                        look_limit(l, "packages of %s could not be read: %s", root->root.description,
                                   failure_text(root->failure));
                vec_each (limit, &root->limits)
                        look_limit(l, "%s: %s", root->root.description, *limit);
                if (root->others_left)
                        look_limit(
                                l,
                                "%s: more than %d mount namespaces; what only the others have mounted is not "
                                "seen",
                                root->root.description, ROOT_NAMESPACES + 1);
                if (root->places_full)
                        look_limit(l,
                                   "%s: something runs at more than %d places; packages at the others are "
                                   "missing",
                                   root->root.description, ROOT_PLACES);
                if (root->crowded)
                        look_limit(l, "%s: Python imports from more than %d folders; packages are missing",
                                   root->root.description, ROOT_PYTHON_PATHS);
        }
        return r;
}

/* ---- files ------------------------------------------------------------------------------------------ */

/* Whose file it is cannot be told before it is read again: that comes as soon as it may. */
static void note_old_inventory(struct look *l, struct known_root *root)
{
        root->outdated = true;
        l->roots_old |= inventory_budget_allows(&l->inventories, clock_boottime());
}

static void file_done_reply(void *context, int status, struct wire *reply)
{
        struct errand *errand = context;
        if (status == -ESTALE)
                note_old_inventory(errand->look, errand->root);
        errand->file->failure = status ? status : files_examined(errand->file, reply);
}

static int ask_file(struct look *l, const struct entry *e, const struct mapping *m, struct used_file *f)
{
        struct known_root *root = map_get_str(&l->roots.roots, e->process.root.id);
        struct errand *errand = errand_new(l, e->pid);
        struct used_file **slot = vec_add(&l->asked);
        if (!root || !errand || !slot)
                return -ENOMEM;
        errand->file = f;
        errand->root = root;
        f->asked_pid = e->pid;
        *slot = f;
        struct probe_job job = root_job(l, root, e->pid);
        job.kind = PROBE_FILE;
        job.place_count = 0; /* the worker knows the root already, or does without */
        job.start = m->start;
        job.end = m->end;
        job.offset = m->offset;
        job.path = m->path;
        job.deleted = m->deleted;
        job.started = clock_wall_of(e->process.start);
        f->asked = true;
        return prober_submit(l->prober, &job, file_done_reply, errand);
}

static int ask_files_of(struct look *l, struct entry *e, int pass)
{
        const struct process *p = &e->process;
        if (!entry_named(e) || !map_get_str(&l->roots.roots, p->root.id))
                return 0;
        for (size_t i = 0; i < p->mappings.count; i++) {
                if (i >= e->files.count && !vec_add(&e->files))
                        return -ENOMEM;
                struct used_file **f = &e->files.items[i];
                if (!*f && !(*f = files_intern(&l->files, p->root.id, &p->mappings.items[i])))
                        return -ENOMEM;
                if ((*f)->examined || (*f)->asked || (pass > 0 && (*f)->asked_pid == e->pid))
                        continue;
                int r = ask_file(l, e, &p->mappings.items[i], *f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Whose version a replaced file is, when the package manager's log does not reach back that far, and whose a
 * program or library is that nobody owns any more: the one that it was last seen to belong to. */
static int recall_owner(struct look *l, struct used_file *f, struct error *error)
{
        struct package *owner = &f->reply.owner, known;
        bool unowned = !f->reply.has_owner && f->reply.file.elf && !f->reply.doubt;
        bool unnamed = f->reply.has_owner && owner->stale && !owner->version;
        if (!f->reply.file.object || (!unowned && !unnamed))
                return 0;
        const char *root = arena_strndup(&f->arena, f->key, strcspn(f->key, "\n"));
        int r = root ? store_package_of_object(l->store, f->reply.file.object, root, &f->arena, &known, error)
                     : error_set(error, -ENOMEM, "out of memory");
        if (r <= 0)
                return r;
        bool here = str_equal(known.root, root);
        if (unowned ? !here && !str_equal(known.root, "host")
                    : !str_equal(known.ecosystem, owner->ecosystem) || !str_equal(known.name, owner->name))
                return 0;
        if (unowned) {
                *owner = known;
                f->reply.has_owner = f->reply.copied = true;
                /* A copy that lies where it was is not mended by a restart. */
                owner->stale = f->reply.file.state == FILE_REPLACED || f->reply.file.state == FILE_DELETED;
        } else {
                /* The same file under the same name in another root is the same version; the root stays its
                 * own. */
                owner->version = known.version;
                owner->source_version = known.source_version;
        }
        f->owner_key = package_key(owner, &f->arena);
        return f->owner_key ? 0 : error_set(error, -ENOMEM, "out of memory");
}

static bool is_complete(const struct entry *e)
{
        vec_each (f, &e->files)
                if (!*f || !(*f)->examined)
                        return false;
        return e->files.count == e->process.mappings.count;
}

bool read_has_ended(int pid)
{
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d", pid);
        return kill(pid, 0) < 0 && errno == ESRCH && access(path, F_OK) < 0;
}

/* A process that ended meanwhile leaves files unexamined: that is a gap, and no failure to read. */
static void note_ended(struct entry *e)
{
        vec_each (f, &e->files)
                if ((!*f || !(*f)->examined) && read_has_ended(e->pid)) {
                        e->ended = true;
                        return;
                }
}

int read_files(struct look *l, enum entry_choice choice, struct error *error)
{
        spend_on(l, LOOK_FILES);
        entry_list list;
        int r = table_list(&l->table, choice, &list);
        for (int pass = 0; r == 0 && pass < FILE_PASSES; pass++) {
                l->asked.count = 0;
                vec_each (e, &list)
                        if (r == 0)
                                r = ask_files_of(l, *e, pass);
                if (r < 0)
                        break;
                r = errands_wait(l, error);
                if (!l->asked.count)
                        break;
                vec_each (f, &l->asked) {
                        (*f)->asked = false;
                        if (r == 0 && (*f)->examined)
                                r = recall_owner(l, *f, error);
                        /* Comparing it with all packaged files takes more than one job's time. */
                        if (r == 0 && (*f)->reply.doubt && pass + 1 < FILE_PASSES)
                                files_forget_reply(*f);
                }
        }
        vec_each (e, &list) {
                note_ended(*e);
                /* What could not be examined before counts from now on. */
                (*e)->joined &= !(*e)->incomplete || !is_complete(*e);
        }
        vec_done(&list);
        if (r == -ENOMEM)
                return error_set(error, r, "out of memory");
        return r;
}
