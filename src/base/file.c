/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { WALK_LINKS = 40 }; /* as the kernel's MAXSYMLINKS */

/* openat2 for kernels without it: components are opened one by one with O_PATH|O_NOFOLLOW, "..", never
 * goes above the root because the open descriptors of the way down are kept. */
struct walk {
        int fds[PATH_MAX / 2];
        size_t depth;
};

static void walk_pop(struct walk *w)
{
        if (w->depth > 1)
                close(w->fds[--w->depth]);
}

static int walk_link(int dir_fd, const char *name, const char *rest, char *ret_path)
{
        char target[PATH_MAX];
        ssize_t size = readlinkat(dir_fd, name, target, sizeof(target) - 1);
        if (size < 0)
                return -errno;
        target[size] = 0;
        char joined[PATH_MAX];
        if (snprintf(joined, sizeof(joined), "%s%s", target, rest) >= (int)sizeof(joined))
                return -ENAMETOOLONG;
        strcpy(ret_path, joined);
        return 0;
}

static int walk_path(struct walk *w, const char *path, int flags)
{
        char pending[PATH_MAX];
        int links = 0;
        if (strlen(path) >= sizeof(pending))
                return -ENAMETOOLONG;
        strcpy(pending, path);
        for (char *at = pending;;) {
                if (*at == '/' && at == pending)
                        while (w->depth > 1)
                                walk_pop(w);
                at += strspn(at, "/");
                size_t size = strcspn(at, "/");
                if (!size)
                        return openat(w->fds[w->depth - 1], ".", flags);
                char name[NAME_MAX + 1];
                if (size > NAME_MAX)
                        return -ENAMETOOLONG;
                memcpy(name, at, size);
                name[size] = 0;
                at += size;
                if (!strcmp(name, "."))
                        continue;
                if (!strcmp(name, "..")) {
                        walk_pop(w);
                        continue;
                }
                int dir_fd = w->fds[w->depth - 1];
                struct stat st;
                if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                if (S_ISLNK(st.st_mode)) {
                        char next[PATH_MAX];
                        int r = ++links > WALK_LINKS ? -ELOOP : walk_link(dir_fd, name, at, next);
                        if (r < 0)
                                return r;
                        strcpy(pending, next);
                        at = pending;
                        continue;
                }
                if (!at[strspn(at, "/")]) {
                        /* "file/" asks for a directory, as everywhere. */
                        int fd = openat(dir_fd, name, flags | O_NOFOLLOW | (*at ? O_DIRECTORY : 0));
                        return fd < 0 ? -errno : fd;
                }
                if (w->depth >= ARRAY_SIZE(w->fds))
                        return -ELOOP;
                int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        return -errno;
                w->fds[w->depth++] = fd;
        }
}

static int open_by_walking(int root_fd, const char *path, int flags)
{
        struct walk w = {.fds = {root_fd}, .depth = 1};
        char *absolute = NULL;
        if (!*path)
                return -ENOENT;
        if (asprintf(&absolute, "/%s", path) < 0)
                return -ENOMEM;
        int fd = walk_path(&w, absolute, flags);
        if (fd == -1)
                fd = -errno;
        free(absolute);
        while (w.depth > 1)
                walk_pop(&w);
        return fd;
}

static int open_in(int root_fd, const char *path, uint64_t flags)
{
        struct open_how how = {.flags = flags | O_CLOEXEC,
                               .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
        for (int tries = 0; tries < 8; tries++) {
                int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
                if (fd >= 0)
                        return fd;
                /* EAGAIN: something was renamed meanwhile and ".." could not be proven safe. */
                if (errno != EAGAIN)
                        break;
        }
        /* EPERM: container runtimes' seccomp filters deny unknown calls that way. */
        if (errno == ENOSYS || errno == EPERM)
                return open_by_walking(root_fd, path, (int)flags | O_CLOEXEC);
        return -errno;
}

int file_open_in(int root_fd, const char *path)
{
        /* Looked at before it is opened for reading: opening a device can already do harm. */
        _cleanup_close_ int handle = open_in(root_fd, path, O_PATH);
        struct stat st;
        if (handle < 0)
                return TAKE_FD(handle);
        if (fstat(handle, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        char self[64];
        snprintf(self, sizeof(self), "/proc/self/fd/%d", handle);
        int fd = open(self, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int file_open_dir_in(int root_fd, const char *path)
{
        return open_in(root_fd, path, O_RDONLY | O_DIRECTORY);
}

static int path_of(int fd, char to[static PATH_MAX])
{
        char link[64];
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t size = readlink(link, to, PATH_MAX);
        if (size < 0 || size >= PATH_MAX)
                return size < 0 ? -errno : -ENAMETOOLONG;
        to[size] = '\0';
        return 0;
}

int file_path_in(int root_fd, int fd, char to[static PATH_MAX])
{
        char root[PATH_MAX], path[PATH_MAX];
        int r = path_of(root_fd, root);
        if (r == 0)
                r = path_of(fd, path);
        if (r < 0)
                return r;
        size_t size = strcmp(root, "/") ? strlen(root) : 0;
        if (strncmp(root, path, size) != 0 || (path[size] && path[size] != '/'))
                return -ENOENT;
        strcpy(to, path[size] ? path + size : "/");
        return 0;
}

int file_read_fd(int fd, struct buf *to)
{
        for (;;) {
                size_t room = to->limit - to->size;
                if (!room) {
                        char extra;
                        ssize_t got = read(fd, &extra, 1);
                        if (got < 0 && errno == EINTR)
                                continue;
                        return got > 0 ? -EFBIG : got < 0 ? -errno : 0;
                }
                size_t want = MIN(room, MAX((size_t)4096, to->size));
                char *at = buf_reserve(to, want);
                if (!at)
                        return to->error;
                ssize_t got = read(fd, at, want);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                buf_grow(to, (size_t)got);
                if (!got)
                        return 0;
        }
}

int file_read_at(int dir_fd, const char *path, struct buf *to)
{
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : file_read_fd(fd, to);
}

int file_read_in(int root_fd, const char *path, struct buf *to)
{
        _cleanup_close_ int fd = file_open_in(root_fd, path);
        return fd < 0 ? fd : file_read_fd(fd, to);
}

int file_map_fd(int fd, size_t size, void **ret)
{
        if (!size)
                return -ENODATA;
        void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
        if (bytes == MAP_FAILED)
                return -errno;
        *ret = bytes;
        return 0;
}

/* Up to `size` bytes: fewer only at the end of the file; -1 on failure. */
static ssize_t read_block(int fd, void *to, size_t size, size_t at)
{
        size_t have = 0;
        while (have < size) {
                ssize_t got = pread(fd, (char *)to + have, size - have, (off_t)(at + have));
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -1;
                if (!got)
                        break;
                have += (size_t)got;
        }
        return (ssize_t)have;
}

bool file_same_content(int first, int second, size_t most)
{
        char x[32 * 1024], y[sizeof(x)];
        struct stat s, t;
        if (fstat(first, &s) < 0 || fstat(second, &t) < 0 || s.st_size != t.st_size ||
            (uint64_t)s.st_size > most)
                return false;
        for (size_t at = 0;; at += sizeof(x)) {
                ssize_t got = read_block(first, x, sizeof(x), at);
                if (got < 0 || read_block(second, y, sizeof(y), at) != got || memcmp(x, y, (size_t)got) != 0)
                        return false;
                if (got < (ssize_t)sizeof(x))
                        return true;
        }
}

int file_write_fd(int fd, const void *data, size_t size)
{
        const char *at = data;
        while (size) {
                ssize_t put = write(fd, at, size);
                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return -errno;
                at += put;
                size -= (size_t)put;
        }
        return 0;
}

int file_make_dirs(const char *path)
{
        char partial[PATH_MAX];
        size_t size = strlen(path);
        if (!size)
                return -ENOENT;
        if (size >= sizeof(partial))
                return -ENAMETOOLONG;
        memcpy(partial, path, size + 1);
        for (char *at = partial + 1;; at++) {
                if (*at && *at != '/')
                        continue;
                char end = *at;
                *at = 0;
                if (mkdir(partial, 0700) < 0 && errno != EEXIST)
                        return -errno;
                *at = end;
                if (!end)
                        break;
        }
        struct stat st; /* what was there already may be a file */
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
