/* SPDX-License-Identifier: Apache-2.0 */

/* Whose each mapped file is. One is asked for through any process that maps it, and through another where
 * that one has ended; who is left with files that nobody could examine is incomplete. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

enum { FILE_PASSES = 3 /* processes through which one file is asked for before it is given up */ };

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

struct probe_job file_job(const struct look *l, const struct known_root *root, const struct entry *e,
                          const struct mapping *m)
{
        struct probe_job job = root_job(l, root, e->pid);
        job.kind = PROBE_FILE;
        job.place_count = 0; /* the worker knows the root already, or does without */
        job.start = m->start;
        job.end = m->end;
        job.offset = m->offset;
        job.path = m->path;
        job.deleted = m->deleted;
        job.started = clock_wall_of(e->process.start);
        return job;
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
        struct probe_job job = file_job(l, root, e, m);
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

int read_recall_owner(struct look *l, struct used_file *f, struct error *error)
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

/* A process that ended meanwhile leaves files unexamined: that is a gap, and no failure to read. */
static void note_ended(struct entry *e)
{
        vec_each (f, &e->files)
                if ((!*f || !(*f)->examined) && process_has_ended(e->pid)) {
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
                                r = read_recall_owner(l, *f, error);
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
