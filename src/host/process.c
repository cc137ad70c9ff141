/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "format/procfs.h"
#include "host/process_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* The descriptor of /proc/PID pins the process: when it ends and its pid is given to another one, every
 * later openat below it fails with ESRCH instead of answering for the wrong process. An exec meanwhile is
 * seen by comparing the executable before and after. */

enum {
        SMALL_TEXT = 64 * 1024,
        MAPS_TEXT = 64 << 20, /* bytes: half a million mappings */
        MOST_MAPPINGS = 65536,
};

/* ---- pieces of one process -------------------------------------------------------------------------- */

/* The first thing that could not be read is what stays in the record. */
static int note_unreadable(const struct process_reader *reader, struct process *p, const char *what, int r,
                           struct arena *a)
{
        if (r == -ESRCH || r == -ENOENT)
                return -ESRCH;
        if (r == -ENOMEM || p->unreadable)
                return r == -ENOMEM ? r : 0;
        if (r != -EACCES && r != -EPERM)
                p->unreadable = arena_printf(a, "%s: %s", what, strerror(-r));
        else if (!reader->may_trace)
                p->unreadable = arena_printf(a, "%s: no CAP_SYS_PTRACE", what);
        else
                p->unreadable = arena_printf(a, "%s: refused in spite of CAP_SYS_PTRACE", what);
        return p->unreadable ? 0 : -ENOMEM;
}

static int read_stat(int fd, const struct process_reader *reader, struct process *p, struct procfs_stat *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SMALL_TEXT);
        int r = file_read_at(fd, "stat", &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        r = procfs_stat_parse((struct span){text.data, text.size}, ret);
        if (r < 0)
                return r;
        p->ppid = ret->ppid;
        p->forked = ret->flags & PROCFS_FORKED;
        memcpy(p->comm, ret->comm, sizeof(p->comm));
        uint64_t seconds = ret->start_ticks / reader->ticks, rest = ret->start_ticks % reader->ticks;
        p->start = (seconds * NS_PER_S + rest * NS_PER_S / reader->ticks) / PROCESS_START_GRAIN *
                   PROCESS_START_GRAIN;
        return 0;
}

static int read_status(int fd, struct process *p)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SMALL_TEXT);
        struct procfs_status status;
        int r = file_read_at(fd, "status", &text);
        if (r == 0)
                r = procfs_status_parse((struct span){text.data, text.size}, &status);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        p->uid = status.uid_effective;
        p->capabilities = status.capabilities;
        p->setuid = status.uid_effective != status.uid_real;
        return 0;
}

static int read_namespace(int fd, const char *name, uint64_t *ret)
{
        char text[64];
        ssize_t size = readlinkat(fd, name, text, sizeof(text) - 1);
        if (size < 0)
                return -errno;
        text[size] = 0;
        return sscanf(text, "%*[a-z]:[%" SCNu64 "]", ret) == 1 ? 0 : -EBADMSG;
}

static int read_namespaces(int fd, struct process *p)
{
        int r = read_namespace(fd, "ns/mnt", &p->mount_ns);
        if (r == 0)
                r = read_namespace(fd, "ns/pid", &p->pid_ns);
        if (r == 0)
                r = read_namespace(fd, "ns/net", &p->net_ns);
        return r;
}

/* In the process's root, without the " (deleted)" that the kernel appends. */
static int exe_path(int fd, char to[static PATH_MAX])
{
        static const char suffix[] = " (deleted)";
        char path[PATH_MAX];
        ssize_t size = readlinkat(fd, "exe", path, sizeof(path) - 1);
        if (size < 0)
                return -errno;
        path[size] = 0;
        if (str_ends(path, suffix))
                path[size - (ssize_t)strlen(suffix)] = 0;
        strcpy(to, root_path(fd, path));
        return 0;
}

static int read_exe(int fd, struct arena *a, struct process *p)
{
        char path[PATH_MAX];
        struct stat st;
        int r = exe_path(fd, path);
        if (r < 0)
                return r;
        p->exe = arena_strdup(a, path);
        /* Of the very file that runs, wherever it lies. */
        if (fstatat(fd, "exe", &st, 0) == 0 && (st.st_mode & S_ISUID))
                p->setuid = true;
        return p->exe ? 0 : -ENOMEM;
}

static int read_cgroup(int fd, struct process_reader *reader, struct arena *a, struct process *p)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SMALL_TEXT);
        int r = file_read_at(fd, "cgroup", &text);
        if (r < 0)
                return r;
        struct span all = {text.data, text.size}, path = cgroup_path(&reader->cgroup, all);
        r = workload_classify(all, a, &p->hint);
        if (r < 0 || !path.size)
                return r;
        p->hint.path = arena_strndup(a, path.data, path.size);
        if (!p->hint.path)
                return -ENOMEM;
        uint64_t *known = map_get_str(&reader->cgroups, p->hint.path);
        if (known) {
                p->cgroup_id = *known;
                return 0;
        }
        p->cgroup_id = cgroup_id(&reader->cgroup, p->hint.path);
        known = arena_alloc(&reader->cache, sizeof(*known));
        char *key = arena_strdup(&reader->cache, p->hint.path);
        if (!known || !key)
                return -ENOMEM;
        *known = p->cgroup_id;
        return map_put_str(&reader->cgroups, key, known);
}

static int read_root(int fd, struct process_reader *reader, struct arena *a, struct process *p,
                     bool *ret_at_root)
{
        char link[PATH_MAX], key[PATH_MAX + 128];
        struct stat st;
        ssize_t size = readlinkat(fd, "root", link, sizeof(link) - 1);
        if (size < 0 || fstatat(fd, "root", &st, 0) < 0)
                return -errno;
        link[size] = 0;
        *ret_at_root = !strcmp(link, "/");
        /* Chroots depend on where the executable lies: not worth remembering. */
        if (!*ret_at_root)
                return root_identify(fd, reader->host_device, reader->host_inode, a, &p->root);
        snprintf(key, sizeof(key), "%" PRIu64 ":%" PRIu64 ":%" PRIu64, p->mount_ns, (uint64_t)st.st_dev,
                 (uint64_t)st.st_ino);
        struct root *known = map_get_str(&reader->roots, key);
        if (!known) {
                struct root root;
                int r = root_identify(fd, reader->host_device, reader->host_inode, &reader->cache, &root);
                if (r < 0)
                        return r;
                char *kept = arena_strdup(&reader->cache, key);
                known = arena_alloc(&reader->cache, sizeof(*known));
                if (!kept || !known)
                        return -ENOMEM;
                *known = root;
                r = map_put_str(&reader->roots, kept, known);
                if (r < 0)
                        return r;
        }
        p->root = *known;
        p->root.id = arena_strdup(a, known->id);
        p->root.description = arena_strdup(a, known->description);
        return p->root.id && p->root.description ? 0 : -ENOMEM;
}

static int take_mappings(struct span maps, struct arena *a, struct process *p)
{
        for (struct procfs_mapping from; procfs_mapping_next(&maps, &from);) {
                /* "[vdso]", "[anon:…]" and nameless ones have no file. */
                if (!from.executable || !from.path.size || *from.path.data != '/' ||
                    from.path.size >= PATH_MAX)
                        continue;
                struct mapping *m = p->mappings.count < MOST_MAPPINGS ? vec_add(&p->mappings) : NULL;
                char path[PATH_MAX];
                if (!m)
                        return -E2BIG;
                procfs_unescape(from.path, path, sizeof(path));
                *m = (struct mapping){.start = from.start,
                                      .end = from.end,
                                      .offset = from.offset,
                                      .inode = from.inode,
                                      .device = from.device,
                                      .deleted = from.deleted,
                                      .unprobed = from.writable || from.shared};
                m->path = arena_strdup(a, path);
                if (!m->path)
                        return -ENOMEM;
        }
        return 0;
}

/* A leader that called pthread_exit is a zombie without memory while its threads go on: one of them
 * answers for all. Returns a descriptor, or -ESRCH when nobody lives any more. */
static int open_living_thread(int fd, int pid)
{
        _cleanup_close_ int tasks = openat(fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = tasks < 0 ? NULL : fdopendir(tasks);
        if (!dir)
                return -ESRCH;
        TAKE_FD(tasks);
        int thread = -ESRCH;
        for (struct dirent *entry; thread < 0 && (entry = readdir(dir));) {
                uint64_t tid;
                if (str_to_u64(entry->d_name, 10, &tid) == 0 && tid != (uint64_t)pid)
                        thread = openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        }
        closedir(dir);
        return thread < 0 ? -ESRCH : thread;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static int read_mappings(int fd, const struct process_reader *reader, unsigned flags, struct arena *a,
                         struct process *p)
{
        _cleanup_buf_ struct buf maps = BUF_INIT(MAPS_TEXT);
        int r = file_read_at(fd, "maps", &maps);
        if (r < 0)
                return note_unreadable(reader, p, "mapped files", r, a);
        struct span text = {maps.data, maps.size};
        if (flags & PROCESS_READ_MAPPINGS) {
                r = take_mappings(text, a, p);
                if (r < 0)
                        return note_unreadable(reader, p, "mapped files", r, a);
        }
        r = python_paths_find(fd, text, a, p);
        return r < 0 ? r : places_collect(fd, text, a, p);
}

static int read_inside(int fd, struct process_reader *reader, unsigned flags, struct arena *a,
                       struct process *p)
{
        bool at_root = false;
        int r = read_namespaces(fd, p);
        if (r == 0)
                r = read_exe(fd, a, p);
        if (r == 0)
                r = read_root(fd, reader, a, p, &at_root);
        if (r < 0)
                r = note_unreadable(reader, p, "root, executable and mapped files", r, a);
        if (r == 0)
                r = process_name_workload(reader, p, at_root, a);
        if (r == 0 && flags && !p->unreadable)
                r = read_mappings(fd, reader, flags, a, p);
        if (r == 0 && (flags & PROCESS_READ_SOCKETS) && !p->unreadable) {
                r = sockets_collect(fd, a, p);
                if (r < 0)
                        r = note_unreadable(reader, p, "open sockets", r, a);
        }
        return r;
}

static int kernel_thread(struct process_reader *reader, struct arena *a, struct process *p)
{
        /* Its namespaces and root are init's. */
        p->kernel = true;
        p->root = (struct root){.id = "host",
                                .description = "host",
                                .device = reader->host_device,
                                .inode = reader->host_inode};
        return process_name_workload(reader, p, true, a);
}

bool mappings_equal(const struct mapping *x, const struct mapping *y, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (x[i].start != y[i].start || x[i].end != y[i].end || x[i].offset != y[i].offset ||
                    x[i].inode != y[i].inode || x[i].deleted != y[i].deleted ||
                    x[i].unprobed != y[i].unprobed || strcmp(x[i].path, y[i].path) != 0)
                        return false;
        return true;
}

static bool same_exe(int fd, const struct process *p)
{
        char path[PATH_MAX];
        return !p->exe || exe_path(fd, path) < 0 || !strcmp(path, p->exe);
}

static int read_once(int fd, struct process_reader *reader, int pid, unsigned flags, struct arena *a,
                     struct process *p, bool *ret_changed)
{
        struct procfs_stat stat, again;
        p->pid = pid;
        int r = read_stat(fd, reader, p, &stat);
        if (r == 0)
                r = read_status(fd, p);
        if (r == 0)
                r = read_cgroup(fd, reader, a, p);
        if (r < 0)
                return r;
        if (stat.flags & PROCFS_KERNEL_THREAD)
                return kernel_thread(reader, a, p);
        bool ended = stat.state == 'Z' || stat.state == 'X';
        _cleanup_close_ int thread = ended ? open_living_thread(fd, pid) : -1;
        if (ended && thread < 0)
                return -ESRCH;
        int inside = ended ? thread : fd;
        r = read_inside(inside, reader, flags, a, p);
        if (r < 0)
                return r;
        struct process now = {};
        r = read_stat(fd, reader, &now, &again);
        if (r < 0 || again.start_ticks != stat.start_ticks || (!ended && again.state == 'Z'))
                return -ESRCH;
        *ret_changed = !same_exe(inside, p);
        return 0;
}

int process_read(struct process_reader *reader, int pid, unsigned flags, struct arena *a, struct process *ret)
{
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d", pid);
        _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        process_reader_refresh(reader);
        for (int tries = 0;; tries++) {
                struct process p = {};
                bool changed = false;
                int r = read_once(fd, reader, pid, flags, a, &p, &changed);
                if (r == 0 && changed && tries == 0) {
                        process_done(&p); /* it executed another program meanwhile */
                        continue;
                }
                if (r == 0 && changed)
                        p.unreadable = "it executed one program after the other while it was read";
                if (r < 0)
                        process_done(&p);
                else
                        *ret = p;
                return r;
        }
}

void process_done(struct process *p)
{
        vec_done(&p->mappings);
        vec_done(&p->sockets);
        vec_done(&p->python_paths);
        vec_done(&p->places);
}
