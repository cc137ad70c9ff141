/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mapped_file.h"

#include "base/file.h"
#include "format/procfs.h"
#include "host/root.h"
#include "host/runtime.h"
#include "memory/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* /proc/PID/map_files leads to the very file that is mapped, whatever lies at its path by now. Where that is
 * not allowed, a file found by its path is believed only after proof: the same inode, or the same bytes
 * as in the process's memory. Overlayfs and btrfs show other device numbers in maps than in stat, so that
 * unequal numbers prove nothing, and equal ones only what cannot be reused while it is mapped. */

enum {
        MAPS_TEXT = 64 << 20,
        COMPARED = 256 * 1024, /* bytes of the mapping compared with the file */
};

struct place {
        int pid, proc_fd, root_fd; /* root_fd: -1 if it cannot be had */
        const char *path;          /* in the root */
};

static void place_done(struct place *p)
{
        if (p->proc_fd >= 0)
                close(p->proc_fd);
        if (p->root_fd >= 0)
                close(p->root_fd);
}

static int reopen(int handle)
{
        char self[64];
        struct stat st;
        if (fstat(handle, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
        int fd = open(self, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* -ENOENT also when another file is mapped there by now: the process may have executed something else. */
static int open_map_file(int proc_fd, uint64_t start, uint64_t end, const char *path)
{
        char name[64], printed[PATH_MAX];
        snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, start, end);
        ssize_t size = readlinkat(proc_fd, name, printed, sizeof(printed) - 1);
        if (size < 0)
                return -errno;
        printed[size] = 0;
        size_t length = strlen(path);
        if (strncmp(printed, path, length) != 0 ||
            (printed[length] && strcmp(printed + length, " (deleted)") != 0))
                return -ENOENT;
        _cleanup_close_ int handle = openat(proc_fd, name, O_PATH | O_CLOEXEC);
        return handle < 0 ? -errno : reopen(handle);
}

/* The mapping that holds the address now: neighbours may have been merged or cut off meanwhile. */
static int find_mapping(int proc_fd, uint64_t address, const char *path, struct procfs_mapping *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MAPS_TEXT);
        int r = file_read_at(proc_fd, "maps", &text);
        if (r < 0)
                return r;
        struct span rest = {text.data, text.size};
        for (struct procfs_mapping m; procfs_mapping_next(&rest, &m);) {
                char printed[PATH_MAX];
                if (address < m.start || address >= m.end || !m.path.size || m.path.size >= sizeof(printed))
                        continue;
                procfs_unescape(m.path, printed, sizeof(printed));
                if (strcmp(printed, path) != 0 && strcmp(root_path(proc_fd, printed), path) != 0)
                        return -ENOENT;
                m.path = (struct span){};
                *ret = m;
                return 0;
        }
        return -ENOENT;
}

/* Reading the pages may block: that is what the worker can be killed for. */
static bool same_bytes(int fd, int pid, const struct procfs_mapping *m)
{
        _cleanup_remote_ struct remote remote = REMOTE_INIT(pid);
        char ours[4096], theirs[4096];
        uint64_t size = MIN(m->end - m->start, (uint64_t)COMPARED), done = 0;
        while (done < size) {
                ssize_t got = pread(fd, ours, sizeof(ours), (off_t)(m->offset + done));
                if (got < 0)
                        return false;
                if (got == 0)
                        break; /* mapped beyond the end of the file */
                if (remote_read_all(&remote, m->start + done, theirs, (size_t)got) < 0 ||
                    memcmp(ours, theirs, (size_t)got) != 0)
                        return false;
                done += (uint64_t)got;
        }
        return done > 0;
}

static bool proven_same(int fd, const struct place *at, uint64_t start)
{
        struct procfs_mapping m;
        struct stat st;
        if (fstat(fd, &st) < 0 || find_mapping(at->proc_fd, start, at->path, &m) < 0)
                return false;
        dev_t device = makedev(m.device >> 20, m.device & 0xfffff);
        if (!m.deleted && m.inode == st.st_ino && device == st.st_dev)
                return true;
        return same_bytes(fd, at->pid, &m);
}

/* memfd_create(2), shm and shared anonymous memory lie on the kernel's own tmpfs or hugetlbfs mount. */
static bool is_memory(int fd, const char *path, bool deleted)
{
        struct statfs fs;
        if (!deleted || (!str_starts(path, "/memfd:") && !str_starts(path, "/SYSV") &&
                         !str_starts(path, "/dev/zero") && !str_starts(path, "/anon_hugepage")))
                return false;
        return fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC;
}

/* Compare the mapped file with what its path leads to. */
static enum file_state judge(int fd, int at_path)
{
        struct stat mapped, now;
        if (at_path == -ENOENT || at_path == -ENOTDIR)
                return FILE_DELETED;
        if (at_path == -EISDIR || at_path == -EINVAL)
                return FILE_REPLACED;
        if (at_path < 0 || fstat(fd, &mapped) < 0 || fstat(at_path, &now) < 0)
                return FILE_STATE_UNKNOWN;
        return mapped.st_dev == now.st_dev && mapped.st_ino == now.st_ino ? FILE_CURRENT : FILE_REPLACED;
}

static int open_mapped(const struct place *at, uint64_t start, uint64_t end, const char *path, bool deleted,
                       enum file_state *ret_state)
{
        int direct = open_map_file(at->proc_fd, start, end, path);
        struct procfs_mapping m;
        if (direct == -ENOENT && find_mapping(at->proc_fd, start, at->path, &m) == 0)
                direct = open_map_file(at->proc_fd, m.start, m.end, path);
        _cleanup_close_ int fd = direct;
        if (is_memory(fd, path, deleted)) {
                *ret_state = FILE_MEMORY;
                return TAKE_FD(fd);
        }
        int found = at->root_fd < 0 ? -EACCES : file_open_in(at->root_fd, at->path);
        _cleanup_close_ int at_path = found;
        if (fd >= 0) {
                *ret_state = judge(fd, found);
                return TAKE_FD(fd);
        }
        if (found >= 0 && !deleted && proven_same(at_path, at, start)) {
                *ret_state = FILE_CURRENT;
                return TAKE_FD(at_path);
        }
        if (deleted && (found >= 0 || found == -ENOENT)) {
                *ret_state = found >= 0 ? FILE_REPLACED : FILE_DELETED;
                return found >= 0 ? -ESTALE : found;
        }
        return found >= 0 ? -ESTALE : direct;
}

int mapped_file_open(int pid, uint64_t start, uint64_t end, const char *path, bool deleted,
                     enum file_state *ret_state)
{
        char proc[32];
        *ret_state = FILE_STATE_UNKNOWN;
        snprintf(proc, sizeof(proc), "/proc/%d", pid);
        _cleanup_(place_done) struct place at = {.pid = pid, .root_fd = -1};
        at.proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (at.proc_fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        at.path = root_path(at.proc_fd, path);
        at.root_fd = root_open(at.proc_fd);
        if (start || end)
                return open_mapped(&at, start, end, path, deleted, ret_state);
        if (at.root_fd < 0)
                return at.root_fd;
        int fd = file_open_in(at.root_fd, at.path);
        if (fd >= 0)
                *ret_state = FILE_CURRENT;
        return fd;
}

void mapped_file_pack(const struct mapped_file *f, struct buf *to)
{
        wire_put_str(to, f->path);
        wire_put_str(to, f->object);
        wire_put_str(to, f->soname);
        wire_put_u64(to, f->state);
        wire_put_u64(to, f->runtimes);
        wire_put_u64(to, f->elf);
        wire_put_str(to, f->unreadable);
}

int mapped_file_unpack(struct wire *from, struct arena *a, struct mapped_file *ret)
{
        struct mapped_file f = {};
        f.path = wire_get_str(from, a);
        f.object = wire_get_str(from, a);
        f.soname = wire_get_str(from, a);
        f.state = (enum file_state)wire_get_max(from, _FILE_STATE_MAX - 1);
        f.runtimes = (uint32_t)wire_get_max(from, _RUNTIME_ALL);
        f.elf = wire_get_max(from, 1);
        f.unreadable = wire_get_str(from, a);
        if (from->failed || !f.path)
                return -EBADMSG;
        *ret = f;
        return 0;
}
