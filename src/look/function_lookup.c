/* SPDX-License-Identifier: Apache-2.0 */

/* Where the functions of a file lie, the worker tells. The file is held open from before it is asked: what is
 * probed is what was looked into, whatever lies at its path later. */

#include "look/errand.h"

#include "base/clock.h"
#include "host/mapped_hold.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* The best of its functions: one question has room for so many. */
static size_t asked_of(const struct probed_file *f)
{
        return MIN(f->functions.count, (size_t)NATIVE_FUNCTIONS_MOST);
}

static void take_found(struct native_watch *n, struct probed_file *f, const struct function_reply *reply)
{
        struct file_identity now;
        if (f->fd < 0 || file_identity_of(f->fd, &now) < 0 ||
            memcmp(&now, &reply->identity, sizeof(now)) != 0 || reply->count != asked_of(f)) {
                f->failure = "the file changed while it was looked into";
                return;
        }
        f->size = now.size;
        f->modified_s = now.mtime_s;
        f->modified_ns = now.mtime_ns;
        for (size_t i = reply->count; i < f->functions.count; i++) {
                struct probed_function *p = &f->functions.items[i];
                p->unarmed = p->found.unknown = "not armed: its file has too many functions to watch";
        }
        for (size_t i = 0; i < reply->count; i++) {
                f->functions.items[i].found = reply->functions[i];
                f->functions.items[i].unarmed = reply->functions[i].unknown;
                if (reply->owners[i])
                        f->functions.items[i].package = reply->owners[i];
        }
        memcpy(f->code, reply->code, sizeof(f->code));
        f->code_count = reply->code_count;
        f->resolved = true;
        f->dirty = true;
        function_budget_begin(n, f, sensor_mappings(n->sensor, f->inode), clock_boottime());
}

/* Where the worker found a function, the file system is none that blocks. */
static bool may_ask(const struct probed_file *f)
{
        if (!f->resolved || f->fd < 0)
                return false;
        vec_each (p, &f->functions)
                if (!p->found.unknown)
                        return true;
        return false;
}

/* Whatever changes a file of a lower layer, be it only its times, copies it up (overlayfs.rst,
 * "Non-directories"). Processes go on with the inode that they have mapped, while path and number lead to the
 * new one, and so does a probe. The copy's ctime is the time of the copy. */
static bool ask_changed(const struct probed_file *f, int64_t *ret)
{
        struct statx st;
        if (statx(f->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_CTIME, &st) < 0)
                return false;
        *ret = (int64_t)st.stx_ctime.tv_sec * (int64_t)NS_PER_S + st.stx_ctime.tv_nsec;
        return true;
}

void function_doubt(struct probed_file *f, const char *why)
{
        f->news |= !f->doubt;
        f->doubt = f->doubt ? f->doubt : why;
}

static void doubt_copied(struct probed_file *f)
{
        function_doubt(f, "its file may have been copied to another layer while it was mapped");
}

void function_note_copy_up(struct look *l, struct probed_file *f, const struct entry *e)
{
        struct statfs fs;
        int64_t changed;
        if (f->doubt || f->changed < 0 || !may_ask(f))
                return;
        if (!f->changed && fstatfs(f->fd, &fs) == 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC)
                f->changed = -1;
        if (f->changed < 0 || !ask_changed(f, &changed))
                return;
        if (!f->changed)
                f->changed = changed;
        if (changed != f->changed ||
            changed / (int64_t)NS_PER_S >= clock_wall_of(function_program_start(l, e)))
                doubt_copied(f);
}

void function_note_change(struct probed_file *f)
{
        int64_t changed;
        if (!f->doubt && f->changed > 0 && may_ask(f) && ask_changed(f, &changed) && changed != f->changed)
                doubt_copied(f);
}

void function_note_written(struct native_watch *n, struct probed_file *f)
{
        struct file_identity now;
        struct error error;
        if (f->failure || !may_ask(f) || file_identity_of(f->fd, &now) < 0 ||
            (now.size == f->size && now.mtime_s == f->modified_s && now.mtime_ns == f->modified_ns))
                return;
        sensor_set_probes(n->sensor, f->index, f->fd, NULL, 0, &error);
        f->failure = "its file was written to while it was watched: its functions may lie elsewhere now";
        f->mapping_ns = 0;
        f->armings++;
        f->news = true;
        vec_each (p, &f->functions)
                p->armed = p->guarded = false;
}

int function_question(struct probed_file *f, const struct entry *e, const struct mapping *m, struct arena *a,
                      struct probe_job *ret)
{
        struct native_query *queries = arena_alloc(a, MAX(asked_of(f), (size_t)1) * sizeof(*queries));
        if (!queries)
                return -ENOMEM;
        for (size_t i = 0; i < asked_of(f); i++)
                queries[i] = (struct native_query){.container = f->functions.items[i].container,
                                                   .function = f->functions.items[i].function,
                                                   .provider = f->functions.items[i].provider};
        int fd = mapped_file_hold(e->pid, m->start, m->end);
        if (fd < 0) {
                if (fd != -ENOENT && fd != -ESRCH)
                        f->failure = "its file cannot be opened by /proc/PID/map_files";
                return 0;
        }
        f->fd = fd;
        *ret = (struct probe_job){
                .kind = PROBE_FUNCTIONS,
                .pid = e->pid,
                .root_id = e->process.root.id,
                .start = m->start,
                .end = m->end,
                .offset = m->offset,
                .path = m->path,
                .deleted = m->deleted,
                .started = clock_wall_of(e->process.start),
                .queries = queries,
                .query_count = asked_of(f),
        };
        return 1;
}

void function_take(struct native_watch *n, struct probed_file *f, int status, struct wire *reply)
{
        struct function_reply found = {};
        int r = status ? status : function_reply_unpack(reply, &f->arena, &found);
        f->asked = r != -ESRCH && r != -ENOENT; /* another process may know it still */
        if (r == 0) {
                take_found(n, f, &found);
                return;
        }
        close_fd(&f->fd);
        f->fd = -1;
        if (f->asked)
                f->failure = r == -ETIME ? "looking into its file took too long"
                                         : "its file cannot be looked into";
}

struct lookup {
        struct native_watch *native;
        struct probed_file *file;
};

static void on_found(void *context, int status, struct wire *reply)
{
        struct lookup *k = context;
        function_take(k->native, k->file, status, reply);
}

int function_look_up(struct look *l, struct probed_file *f, const struct entry *e, const struct mapping *m,
                     struct error *error)
{
        struct lookup k = {&l->native, f};
        struct probe_job job;
        int r = function_question(f, e, m, &l->scratch, &job);
        if (r <= 0)
                return r < 0 ? error_set(error, r, "out of memory") : 0;
        r = prober_submit(l->prober, &job, on_found, &k);
        if (r < 0)
                error_set(error, r, "cannot ask the worker: %s", strerror(-r));
        else
                r = errands_wait(l, error);
        if (!f->asked) { /* it is opened again when it is asked for again */
                close_fd(&f->fd);
                f->fd = -1;
        }
        return r;
}
