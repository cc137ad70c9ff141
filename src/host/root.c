/* SPDX-License-Identifier: Apache-2.0 */
#include "host/root.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/str.h"
#include "format/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* A root is named by what it is made of, never by numbers that a reboot or a restart of the container
 * changes: overlayfs by its lower layers, everything else by device, subvolume and path. */

enum { MOUNTS_TEXT = 16 << 20 };

/* readlink with an end: -ENAMETOOLONG instead of a cut path. */
static int link_read(int dir_fd, const char *name, char to[static PATH_MAX])
{
        ssize_t size = readlinkat(dir_fd, name, to, PATH_MAX);
        if (size < 0)
                return -errno;
        if (size >= PATH_MAX)
                return -ENAMETOOLONG;
        to[size] = 0;
        return 0;
}

static bool lies_below(const char *path, const char *directory)
{
        size_t size = strlen(directory);
        return !strcmp(directory, "/") ||
               (!strncmp(path, directory, size) && (!path[size] || path[size] == '/'));
}

int root_open_host(void)
{
        int fd = open("/proc/1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Whether the process locked itself into a directory that its program is not in, and the program is one of
 * the host's: found at the same path there, as the same file. */
static bool left_for_chroot(int proc_pid_fd, const char *root_link)
{
        char exe[PATH_MAX];
        struct stat runs, lies;
        if (!strcmp(root_link, "/") || link_read(proc_pid_fd, "exe", exe) < 0 || exe[0] != '/' ||
            lies_below(exe, root_link) || fstatat(proc_pid_fd, "exe", &runs, 0) < 0)
                return false;
        _cleanup_close_ int host_fd = root_open_host();
        _cleanup_close_ int fd = host_fd < 0 ? -1 : file_open_in(host_fd, exe);
        return fd >= 0 && fstat(fd, &lies) == 0 && runs.st_dev == lies.st_dev && runs.st_ino == lies.st_ino;
}

int root_open(int proc_pid_fd)
{
        char link[PATH_MAX];
        int r = link_read(proc_pid_fd, "root", link);
        if (r < 0)
                return r;
        int fd = left_for_chroot(proc_pid_fd, link)
                         ? root_open_host()
                         : openat(proc_pid_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd == -1 ? -errno : fd;
}

const char *root_path(int proc_pid_fd, const char *path)
{
        char link[PATH_MAX];
        if (link_read(proc_pid_fd, "root", link) < 0 || !strcmp(link, "/") || !lies_below(path, link) ||
            left_for_chroot(proc_pid_fd, link))
                return path;
        path += strlen(link);
        return *path ? path : "/";
}

/* The mount that "/" is: as the process itself sees it, or (a chroot into a plain directory has none of
 * its own) by the id of the mount that the directory lies on. */
static bool mount_find(int proc_pid_fd, struct buf *text, struct procfs_mount *ret, const char **ret_rest,
                       const char *link)
{
        bool found = false;
        if (file_read_at(proc_pid_fd, "mountinfo", text) < 0)
                return false;
        struct span rest = {text->data, text->size};
        /* Mounts are listed in the order of mounting: the last one covers the others. */
        for (struct procfs_mount m; procfs_mount_next(&rest, &m);)
                if (span_equal(m.point, "/")) {
                        *ret = m;
                        found = true;
                }
        *ret_rest = "";
        struct statx st;
        if (found || statx(proc_pid_fd, "root", 0, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
                return found;
        buf_clear(text);
        if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", text) < 0)
                return false;
        rest = (struct span){text->data, text->size};
        for (struct procfs_mount m; procfs_mount_next(&rest, &m);) {
                char point[PATH_MAX];
                if (m.id != st.stx_mnt_id)
                        continue;
                procfs_unescape(m.point, point, sizeof(point));
                if (!lies_below(link, point))
                        return false;
                *ret = m;
                *ret_rest = strcmp(point, "/") ? link + strlen(point) : link;
                return true;
        }
        return false;
}

static bool option_value(struct span option, const char *name, struct span *ret)
{
        size_t size = strlen(name);
        if (!span_starts(option, name))
                return false;
        *ret = (struct span){option.data + size, option.size - size};
        return true;
}

/* One lower directory. Short links ("l/ABC…") are followed to the layer that they stand for; the layer
 * that Docker adds for each container ("…-init") is not part of the image. */
static void layer_add(struct span layer, struct buf *to, size_t *count)
{
        char path[PATH_MAX], target[PATH_MAX];
        procfs_unescape(layer, path, sizeof(path));
        if (!*path || str_ends(path, "-init/diff"))
                return;
        if (link_read(AT_FDCWD, path, target) == 0) {
                if (str_ends(target, "-init/diff"))
                        return;
                buf_add_str(to, target);
        } else {
                buf_add_str(to, path);
        }
        buf_add_char(to, '\n');
        (*count)++;
}

/* lowerdir=A:B::DATA, or with the newer mount API lowerdir+=A,lowerdir+=B (Documentation/filesystems/
 * overlayfs.rst). Topmost first. */
static size_t layers_collect(struct span options, struct buf *to)
{
        struct span option, value, layer;
        size_t count = 0;
        while (span_cut(&options, ',', &option)) {
                if (option_value(option, "lowerdir=", &value))
                        while (span_cut(&value, ':', &layer))
                                layer_add(layer, to, &count);
                else if (option_value(option, "lowerdir+=", &value))
                        layer_add(value, to, &count);
        }
        return count;
}

/* Sources that say nothing ("tmpfs", "none") are told apart by the device number, for this boot. */
static void mount_describe(const struct procfs_mount *m, struct buf *to)
{
        buf_addf(to, "%.*s\n%.*s\n%.*s\n", (int)m->type.size, m->type.data, (int)m->source.size,
                 m->source.data, (int)m->root.size, m->root.data);
        if (!memchr(m->source.data ? m->source.data : "", '/', m->source.size))
                buf_addf(to, "%u:%u\n", m->major, m->minor);
}

static int name_root(int proc_pid_fd, const char *link, struct arena *a, struct root *root)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MOUNTS_TEXT), parts = BUF_INIT(1 << 20);
        struct procfs_mount m;
        const char *rest = "", *kind = "mount";
        size_t layers = 0;
        char hex[DIGEST_HEX];
        if (!mount_find(proc_pid_fd, &text, &m, &rest, link)) {
                /* Not even its mount can be seen from here: the directory's own numbers are what is left. */
                buf_addf(&parts, "%llu:%llu", (unsigned long long)root->device,
                         (unsigned long long)root->inode);
                m = (struct procfs_mount){};
        } else if (span_equal(m.type, "overlay") && (layers = layers_collect(m.options, &parts))) {
                kind = "layers";
        } else {
                mount_describe(&m, &parts);
        }
        buf_add_str(&parts, rest);
        if (parts.error)
                return parts.error;
        root->id = arena_printf(a, "%s:%s", kind, digest_bytes(parts.data, parts.size, hex));
        if (strcmp(link, "/"))
                root->description = arena_strdup(a, link);
        else if (layers)
                root->description = arena_printf(a, "overlay of %zu layers", layers);
        else
                root->description =
                        arena_printf(a, "%.*s %.*s", (int)m.source.size, m.source.data ? m.source.data : "",
                                     (int)m.root.size, m.root.data ? m.root.data : "");
        return root->id && root->description ? 0 : -ENOMEM;
}

int root_identify(int proc_pid_fd, uint64_t host_device, uint64_t host_inode, struct arena *a,
                  struct root *ret)
{
        struct root root = {};
        struct stat st;
        char link[PATH_MAX], ns[PATH_MAX];
        int r = link_read(proc_pid_fd, "root", link);
        if (r < 0)
                return r;
        if (fstatat(proc_pid_fd, "root", &st, 0) < 0)
                return -errno;
        root.device = st.st_dev;
        root.inode = st.st_ino;
        if (link_read(proc_pid_fd, "ns/mnt", ns) == 0)
                sscanf(ns, "mnt:[%" SCNu64 "]", &root.mount_ns);
        bool host = root.device == host_device && root.inode == host_inode;
        if (!host && left_for_chroot(proc_pid_fd, link)) {
                host = true;
                root.device = host_device;
                root.inode = host_inode;
        }
        if (host)
                root.id = root.description = "host";
        else if ((r = name_root(proc_pid_fd, link, a, &root)) < 0)
                return r;
        *ret = root;
        return 0;
}
