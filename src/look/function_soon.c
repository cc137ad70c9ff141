/* SPDX-License-Identifier: Apache-2.0 */

/* A file that is mapped while a look waits for its answers does not wait for its end: who mapped it, whose it
 * is, and where its functions lie is asked beside that look, one after the other. Between two answers nothing
 * is held on to but what is owned here, since the look goes on. Only what is certain at once goes this way;
 * the rest, and all else that is to be told of the process, is the next look's. */

#include "look/errand.h"

#include "base/clock.h"

#include <errno.h>

/* How long a hit is told to be of this workload although no look has seen a process of it. */
#define WORKLOAD_NS (60 * NS_PER_S)

struct soon {
        struct look *look;
        struct soon **slot; /* of native_watch.soon */
        uint32_t device;
        uint64_t inode;
        struct entry *entry; /* in no table */
        const struct mapping *mapping;
        struct used_file *used; /* in no cache */
        char *key;              /* of its struct probed_file, which may be gone when the answer comes */
};

static void soon_free(struct soon *s)
{
        *s->slot = NULL;
        entry_free(s->entry);
        files_free(s->used);
        free(s->key);
        free(s);
}

void functions_soon_done(struct native_watch *n)
{
        for (size_t i = 0; i < SOON_MOST; i++)
                if (n->soon[i])
                        soon_free(n->soon[i]);
        for (size_t i = 0; i < SOON_WORKLOADS; i++)
                free(n->soon_workloads[i].workload);
}

static int submit(struct soon *s, struct probe_job *job, probe_done done)
{
        job->urgent = true;
        return prober_submit(s->look->prober, job, done, s);
}

/* ---- its functions ---------------------------------------------------------------------------------- */

static void note_workload(struct native_watch *n, const struct process *p)
{
        struct soon_workload *w = NULL;
        char *workload = p->cgroup_id ? strdup(p->workload_id) : NULL;
        if (!workload)
                return;
        for (size_t i = 0; !w && i < SOON_WORKLOADS; i++)
                if (n->soon_workloads[i].cgroup == p->cgroup_id)
                        w = &n->soon_workloads[i];
        if (!w)
                w = &n->soon_workloads[n->soon_next++ % SOON_WORKLOADS];
        free(w->workload);
        *w = (struct soon_workload){p->cgroup_id, clock_boottime() + WORKLOAD_NS, workload};
}

/* Also functions that others have told of already: this workload has not. */
static void arm(struct soon *s, struct probed_file *f)
{
        function_note_copy_up(s->look, f, s->entry);
        function_note_remapped(s->look, f, &s->entry->process);
        note_workload(&s->look->native, &s->entry->process);
        functions_arm(&s->look->native);
}

static void on_functions(void *context, int status, struct wire *reply)
{
        struct soon *s = context;
        struct native_watch *n = &s->look->native;
        struct probed_file *f = map_get_str(&n->files, s->key);
        /* Advisories that were imported meanwhile have made it anew. */
        bool same = f && f->asked && f->fd >= 0 && !f->resolved && !f->failure;
        if (same && status == 0) {
                function_take(n, f, status, reply);
                arm(s, f);
        } else if (same) {
                close_fd(&f->fd);
                f->fd = -1;
                f->asked = false; /* the next look asks again, and says why it failed */
        }
        soon_free(s);
}

/* True: it was asked. */
static bool ask_functions(struct soon *s)
{
        struct look *l = s->look;
        struct native_watch *n = &l->native;
        struct error error;
        struct probe_job job;
        int r = 0;
        struct probed_file *f = NULL;
        if (choice_is_possible(l, s->entry, s->used))
                f = functions_intern(l, s->entry, s->used, s->mapping, &r, &error);
        if (r < 0)
                return false;
        if (!f || !f->functions.count) {
                functions_note_boring(n, s->mapping);
                return false;
        }
        f->news = true; /* it stays, until the next look has counted who maps it */
        if (functions_note_user(l, f, s->entry) < 0)
                return false;
        if (f->resolved)
                arm(s, f);
        if (f->asked || f->fd >= 0 || f->failure || !functions_take_index(n, f) || !(s->key = strdup(f->key)))
                return false;
        if (function_question(f, s->entry, s->mapping, &s->entry->arena, &job) <= 0)
                return false;
        f->asked = submit(s, &job, on_functions) == 0;
        if (!f->asked) {
                close_fd(&f->fd);
                f->fd = -1;
        }
        return f->asked;
}

/* ---- whose it is ------------------------------------------------------------------------------------ */

static void on_file(void *context, int status, struct wire *reply)
{
        struct soon *s = context;
        struct error error;
        int r = status ? status : files_examined(s->used, reply);
        if (r == 0)
                r = read_recall_owner(s->look, s->used, &error);
        if (r < 0 || s->used->reply.doubt || !ask_functions(s))
                soon_free(s);
}

static const struct mapping *find_mapping(const struct process *p, uint32_t device, uint64_t inode)
{
        vec_each (m, &p->mappings)
                if (m->device == device && m->inode == inode)
                        return m;
        return NULL;
}

/* A root that was not read yet has to be first. */
static int ask_file(struct soon *s)
{
        struct look *l = s->look;
        struct entry *e = s->entry;
        if (!entry_named(e) || !(s->mapping = find_mapping(&e->process, s->device, s->inode)))
                return -ENOENT;
        const struct known_root *root = map_get_str(&l->roots.roots, e->process.root.id);
        if (!root || !root->known || root->failure)
                return -EAGAIN;
        s->used = files_new(e->process.root.id, s->mapping);
        if (!s->used)
                return -ENOMEM;
        struct probe_job job = file_job(l, root, e, s->mapping);
        return submit(s, &job, on_file);
}

static void on_process(void *context, int status, struct wire *reply)
{
        struct soon *s = context;
        int r = status ? status : process_unpack(reply, &s->entry->arena, &s->entry->process);
        if (r == 0 && s->entry->process.pid != s->entry->pid)
                r = -EBADMSG;
        if (r < 0 || ask_file(s) < 0)
                soon_free(s);
}

/* A place that is free; NULL: none is, or somebody looks at this file already. */
static struct soon **find_slot(struct native_watch *n, uint32_t device, uint64_t inode)
{
        struct soon **slot = NULL;
        for (size_t i = 0; i < SOON_MOST; i++)
                if (!n->soon[i])
                        slot = &n->soon[i];
                else if (n->soon[i]->device == device && n->soon[i]->inode == inode)
                        return NULL;
        return slot;
}

void look_file_now(struct look *l, int pid, uint32_t device, uint64_t inode)
{
        struct native_watch *n = &l->native;
        struct soon **slot =
                l->waiting && n->sensor && n->db && n->soon_left ? find_slot(n, device, inode) : NULL;
        struct soon *s = slot ? calloc(1, sizeof(*s)) : NULL;
        if (!s)
                return;
        *s = (struct soon){
                .look = l, .slot = slot, .device = device, .inode = inode, .entry = entry_new(pid)};
        *slot = s;
        n->soon_left--;
        struct probe_job job = {.kind = PROBE_PROCESS, .pid = pid, .flags = PROCESS_READ_MAPPINGS};
        if (s->entry)
                s->entry->asked_at = clock_boottime();
        if (!s->entry || submit(s, &job, on_process) < 0)
                soon_free(s);
}
