/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/worker_jobs.h"

#include "base/clock.h"
#include "host/runtime.h"
#include "prober/worker_owner.h"
#include "prober/worker_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* What a file's content tells is remembered by its identity and times: hundreds of processes map the same
 * libraries. Who owns it is asked anew each time, because packages come and go. */

enum { RECORD_ARENA = 64 << 20 };

struct file_key {
        uint64_t device, inode, size;
        int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};

struct known_file {
        struct file_key key;
        struct mapped_file file; /* object, soname, runtimes, elf */
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
        char *soname = arena_strdup(&w->names, file->soname);
        if (!known || (file->object && !object) || (file->soname && !soname)) {
                map_done(&w->files);
                arena_done(&w->names);
                return;
        }
        known->key = *key;
        known->file = *file;
        known->file.object = object;
        known->file.soname = soname;
        map_put(&w->files, &known->key, sizeof(known->key), known);
}

static int examine(struct worker *w, int fd, const struct probe_job *job, struct arena *a,
                   struct mapped_file *file)
{
        struct file_key key;
        bool keyed = fd >= 0 && key_of(fd, &key) == 0;
        const struct known_file *known = keyed ? map_get(&w->files, &key, sizeof(key)) : NULL;
        if (known) {
                file->object = known->file.object;
                file->soname = known->file.soname;
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
 * changed since (rename, link and every write move ctime), and not if its number is another. File systems
 * that number files differently for stat and for mappings make it a gap. */
static bool is_what_was_mapped(int fd, const struct probe_job *job)
{
        struct stat st;
        return fstat(fd, &st) == 0 && st.st_ctim.tv_sec <= job->started &&
               (!job->inode || st.st_ino == job->inode);
}

/* A package manager that was here since the inventory was read has put the file of another version in its
 * place. */
static bool is_newer_than_owner(struct worker *w, const struct probe_job *job, int fd,
                                const struct file_reply *record)
{
        struct stat st;
        bool gone = record->file.state == FILE_REPLACED || record->file.state == FILE_DELETED;
        return record->has_owner && !record->copied && !gone && fd >= 0 && fstat(fd, &st) == 0 &&
               worker_inventory_is_older(w, job->root_id,
                                         (int64_t)st.st_ctim.tv_sec * (int64_t)NS_PER_S + st.st_ctim.tv_nsec);
}

/* What it says of the owner lies in the inventory. */
static int tell_owner(struct worker *w, int fd, int root_fd, const struct probe_job *job, struct arena *a,
                      struct file_reply *record, struct buf *reply)
{
        int r = roots_lock(w);
        if (r < 0)
                return r;
        r = worker_attribute(w, fd, root_fd, job, a, record);
        if (r == 0 && is_newer_than_owner(w, job, fd, record))
                r = -ESTALE;
        if (r == 0)
                file_reply_pack(record, reply);
        roots_unlock(w);
        return r;
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
        int opened =
                mapped_file_open(job->pid, job->start, job->end, job->path, job->deleted, &record.file.state);
        _cleanup_close_ int fd = opened;
        if (opened == -ESRCH || (by_path && opened < 0))
                return opened;
        if (by_path && !is_what_was_mapped(fd, job))
                return -ESTALE;
        if (w->first && (fd < 0 || worker_file_may_block(fd)))
                return -EAGAIN;
        int r = worker_path_in_root(job, &a, &record.file.path);
        if (r == 0)
                r = examine(w, fd, job, &a, &record.file);
        if (r == 0 && record.file.elf)
                record.file.runtimes |= runtime_of_program(record.file.path);
        if (r == 0 && fd < 0 && !record.file.object && !record.file.unreadable)
                record.file.unreadable = strerror(-opened);
        return r < 0 ? r : tell_owner(w, fd, root_fd, job, &a, &record, reply);
}
