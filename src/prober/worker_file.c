/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_file.h"

#include "base/clock.h"
#include "prober/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* What a file's content tells is remembered by its identity and times: hundreds of processes map the same
 * libraries. Who owns it is asked anew each time, because packages come and go. */

enum { RECORD_ARENA = 64 << 20, NAMES_BYTES = 64 << 20 };

struct file_key {
        uint64_t device, inode, size;
        int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};

struct known_file {
        struct file_key key;
        struct mapped_file file; /* object, runtimes, elf */
};

static int key_of(int fd, struct file_key *ret)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret = (struct file_key){
                .device = st.st_dev,
                .inode = st.st_ino,
                .size = (uint64_t)st.st_size,
                .mtime_s = st.st_mtim.tv_sec,
                .mtime_ns = st.st_mtim.tv_nsec,
                .ctime_s = st.st_ctim.tv_sec,
                .ctime_ns = st.st_ctim.tv_nsec,
        };
        return 0;
}

static void remember(struct worker *w, const struct file_key *key, const struct mapped_file *file)
{
        struct known_file *known = arena_alloc(&w->names, sizeof(*known));
        char *object = arena_strdup(&w->names, file->object);
        if (!known || (file->object && !object)) {
                map_done(&w->files);
                arena_done(&w->names);
                return;
        }
        known->key = *key;
        known->file = *file;
        known->file.object = object;
        map_put(&w->files, &known->key, sizeof(known->key), known);
}

static int examine(struct worker *w, int fd, const struct probe_job *job, struct arena *a, struct mapped_file *file)
{
        struct file_key key;
        bool keyed = fd >= 0 && key_of(fd, &key) == 0;
        const struct known_file *known = keyed ? map_get(&w->files, &key, sizeof(key)) : NULL;
        if (known) {
                file->object = known->file.object;
                file->runtimes = known->file.runtimes;
                file->elf = known->file.elf;
                return 0;
        }
        int r = mapped_file_examine(fd, job->pid, job->start, job->offset, a, file);
        if (r == 0 && keyed && !file->unreadable)
                remember(w, &key, file);
        return r;
}

/* A file that was opened by its path stands for what a process mapped at `started` only if it has not
 * changed since: rename, link and every write move ctime. */
static bool unchanged_since(int fd, int64_t started)
{
        struct stat st;
        return fstat(fd, &st) == 0 && st.st_ctim.tv_sec <= started;
}

/* dpkg's binary rebuilds: the source keeps its version without "+bN". */
static bool is_rebuild_of(const char *version, const char *source_version, size_t *ret_size)
{
        const char *at = strstr(version, "+b");
        if (!at || !at[2] || strspn(at + 2, "0123456789") != strlen(at + 2))
                return false;
        *ret_size = (size_t)(at - version);
        return strlen(source_version) == *ret_size && !strncmp(version, source_version, *ret_size);
}

/* The owner of a file that lies there no more is the version that was installed when it was mapped. */
static int make_stale(const struct inventory *inventory, int64_t started, struct arena *a, struct package *owner)
{
        const char *now = owner->version, *source_now = owner->source_version;
        const char *then = inventory_version_at(inventory, owner->name, owner->arch, started);
        size_t size = 0, size_then = 0;
        owner->stale = true;
        owner->version = then;
        owner->source_version = NULL;
        if (!then || !now || !source_now)
                return 0;
        if (!strcmp(then, now))
                owner->source_version = source_now;
        else if (!strcmp(now, source_now))
                owner->source_version = then;
        else if (is_rebuild_of(now, source_now, &size)) {
                const char *at = strstr(then, "+b");
                size_then = at && strspn(at + 2, "0123456789") == strlen(at + 2) ? (size_t)(at - then) : strlen(then);
                owner->source_version = arena_strndup(a, then, size_then);
                if (!owner->source_version)
                        return -ENOMEM;
        }
        return 0;
}

static bool is_gone(enum file_state state)
{
        return state == FILE_REPLACED || state == FILE_DELETED;
}

static int attribute(struct worker *w, int fd, const struct probe_job *job, struct arena *a,
                     struct file_reply *reply)
{
        if (reply->file.state == FILE_MEMORY)
                return 0;
        const struct inventory *inventory = worker_inventory_of(w, job);
        const struct package *owner = inventory ? inventory_owner(inventory, reply->file.path) : NULL;
        if (owner) {
                reply->has_owner = true;
                reply->owner = *owner;
                return is_gone(reply->file.state) ? make_stale(inventory, job->started, a, &reply->owner) : 0;
        }
        /* What a distribution built belongs to its package, whatever is linked into it. */
        if (!inventory || !reply->file.elf || fd < 0)
                return 0;
        int r = inventory_go_modules(fd, job->root_id, reply->file.path, a, &reply->linked);
        if (is_gone(reply->file.state))
                vec_each (module, &reply->linked)
                        module->stale = true;
        return r == -ENOMEM ? r : 0;
}

/* The path in the root, as it was when the process was looked at. */
static int path_in_root(const struct probe_job *job, struct arena *a, const char **ret)
{
        char proc[32];
        snprintf(proc, sizeof(proc), "/proc/%d", job->pid);
        _cleanup_close_ int proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
        const char *path = proc_fd < 0 ? job->path : root_path(proc_fd, job->path);
        *ret = arena_strdup(a, path);
        return *ret ? 0 : -ENOMEM;
}

int worker_file(struct worker *w, const struct probe_job *job, struct buf *reply)
{
        if (!job->path || !job->root_id || !job->pid)
                return -EINVAL;
        _cleanup_arena_ struct arena a = ARENA_INIT(RECORD_ARENA);
        _cleanup_(file_reply_done) struct file_reply record = {};
        bool by_path = !job->start && !job->end;
        _cleanup_close_ int root_fd = worker_root_open(w, job);
        if (root_fd < 0)
                return root_fd;
        int opened = mapped_file_open(job->pid, job->start, job->end, job->path, job->deleted, &record.file.state);
        _cleanup_close_ int fd = opened;
        if (opened == -ESRCH || (by_path && opened < 0))
                return opened;
        if (by_path && !unchanged_since(fd, job->started))
                return -ESTALE;
        int r = path_in_root(job, &a, &record.file.path);
        if (r == 0)
                r = examine(w, fd, job, &a, &record.file);
        if (r == 0)
                r = attribute(w, fd, job, &a, &record);
        if (r == 0 && fd < 0 && !record.file.object && !record.file.unreadable)
                record.file.unreadable = strerror(-opened);
        if (r == 0)
                file_reply_pack(&record, reply);
        return r;
}
