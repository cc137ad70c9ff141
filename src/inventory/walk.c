/* SPDX-License-Identifier: Apache-2.0 */

/* A folder is asked for its device before it is opened, because opening the mount point of a dead server
 * hangs; what kind of file system a device is says the list of mounts, which asks nobody. */

#include "inventory/walk.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "format/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum {
        DEPTH = 64,
        ENTRIES = 20000000,
        LATE_ENTRIES = 1024, /* between two looks at the clock */
        MOUNTS_TEXT = 16 << 20,
        MOST_MOUNTS = 100000,
};

struct device {
        uint64_t number;
        bool wanted;
        const char *type;
};

struct walking {
        struct walk *w;
        struct buf path; /* of the folder that is read; "" is the root */
        uint64_t device; /* of the root */
        bool has_mounts, full;
        VEC(struct device) devices;
        struct arena arena;
};

/* ---- what is left out ------------------------------------------------------------------------------- */

/* Kinds of file systems that hold installed programs. Everything else is made up by the kernel, lies on
 * another machine, or is somebody else's root. */
static bool is_disk(struct span type)
{
        static const char *const disks[] = {"ext2",     "ext3",   "ext4",  "xfs",     "btrfs",
                                            "zfs",      "f2fs",   "jfs",   "nilfs2",  "reiserfs",
                                            "bcachefs", "vfat",   "erofs", "ubifs",   "tmpfs",
                                            "ramfs",    "bcache", "exfat", "iso9660", "rootfs"};
        for (size_t i = 0; i < ARRAY_SIZE(disks); i++)
                if (span_equal(type, disks[i]))
                        return true;
        return false;
}

/* What the kernel makes up: nothing is installed in there, and reading can block. */
static bool is_kernel(struct span type)
{
        static const char *const kinds[] = {
                "autofs",  "binfmt_misc", "bpf",       "cgroup",   "cgroup2", "configfs",
                "debugfs", "devpts",      "devtmpfs",  "efivarfs", "fusectl", "hugetlbfs",
                "mqueue",  "nfsd",        "nsfs",      "proc",     "pstore",  "rpc_pipefs",
                "sysfs",   "securityfs",  "selinuxfs", "smackfs",  "tracefs", "resctrl",
        };
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (span_equal(type, kinds[i]))
                        return true;
        return false;
}

static bool is_wanted(const struct walk *w, struct span type)
{
        return w->mounts == WALK_MOUNTS ? !is_kernel(type) : w->mounts == WALK_DISKS && is_disk(type);
}

bool walk_enters_type(const struct walk *w, const char *type)
{
        return is_wanted(w, span_of(type));
}

static int read_mounts(struct walking *k)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MOUNTS_TEXT);
        k->has_mounts = true;
        if (file_read_at(AT_FDCWD, "/proc/self/mountinfo", &text) < 0)
                return 0;
        struct span rest = {text.data, text.size};
        for (struct procfs_mount m; k->devices.count < MOST_MOUNTS && procfs_mount_next(&rest, &m);) {
                struct device *d = vec_add(&k->devices);
                if (!d)
                        return -ENOMEM;
                *d = (struct device){.number = makedev(m.major, m.minor),
                                     .wanted = is_wanted(k->w, m.type),
                                     .type = arena_strndup(&k->arena, m.type.data, m.type.size)};
                if (!d->type)
                        return -ENOMEM;
        }
        return 0;
}

/* btrfs gives each subvolume a device of its own, which no mount tells of; other namespaces' mounts are not
 * told either. */
static bool is_disk_at(int dir_fd, const char *name)
{
        struct statfs s;
        int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool known = fd >= 0 && fstatfs(fd, &s) == 0;
        if (fd >= 0)
                close(fd);
        if (!known)
                return false;
        switch ((unsigned long)s.f_type) {
        case EXT4_SUPER_MAGIC:
        case BTRFS_SUPER_MAGIC:
        case XFS_SUPER_MAGIC:
        case TMPFS_MAGIC:
        case F2FS_SUPER_MAGIC:
        case 0x2fc12fc1: /* ZFS */
        case 0xca451a4e: /* bcachefs */
                return true;
        default:
                return false;
        }
}

static bool enters(struct walking *k, int dir_fd, const char *name, uint64_t device)
{
        if (device == k->device)
                return true;
        if (!k->has_mounts && read_mounts(k) < 0)
                return false;
        vec_each (d, &k->devices)
                if (d->number == device) {
                        if (!d->wanted)
                                k->w->left_out(k->w->context, k->path.data, d->type);
                        return d->wanted;
                }
        /* Of a mount that nobody tells of, what is made up by the kernel is not known. */
        bool wanted = k->w->mounts != WALK_ONE && is_disk_at(dir_fd, name);
        if (!wanted)
                k->w->left_out(k->w->context, k->path.data, "no disk, mounted in another namespace");
        return wanted;
}

static bool is_one_of(const char *path, const char *const *folders, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (!strcmp(path, folders[i]))
                        return true;
        return false;
}

/* Whole paths: kernel interfaces and the like, where nothing is installed. */
static bool is_foreign(const char *path)
{
        static const char *const folders[] = {
                "/proc", "/sys", "/dev", "/run", "/var/run", "/var/lib/dpkg/info", "/lost+found"};
        return is_one_of(path, folders, ARRAY_SIZE(folders));
}

/* Where container engines keep images, which are roots of their own. */
static bool is_engine(const char *path)
{
        static const char *const folders[] = {
                "/var/lib/docker/overlay2",
                "/var/lib/docker/image",
                "/var/lib/docker/containers",
                "/var/lib/docker/rootfs",
                "/var/lib/containerd",
                "/var/lib/containers/storage",
                "/var/lib/lxc",
                "/var/lib/lxd",
                "/var/lib/machines",
                "/var/lib/rancher/k3s/agent/containerd",
        };
        return is_one_of(path, folders, ARRAY_SIZE(folders));
}

/* Folders of version control hold no files under their own names. */
static bool is_history(const char *name)
{
        static const char *const names[] = {".git", ".hg", ".svn"};
        return is_one_of(name, names, ARRAY_SIZE(names));
}

/* What package managers and builds keep to install or build again: nothing in there is installed. */
static bool is_cache(const char *path, const char *name)
{
        static const char *const names[] = {".cache", "_cacache", ".ccache", ".gradle"};
        static const char *const endings[] = {
                "/var/cache",         "/.npm/_npx",   "/.m2/repository",  "/.cargo/registry",
                "/.cargo/git",        "/go/pkg/mod",  "/.nuget/packages", "/.bundle/cache",
                "/.yarn/berry/cache", "/.ivy2/cache", "/.conan/data",     "/.conan2/p",
                "/.composer/cache",   "/conda/pkgs",  "/miniconda3/pkgs", "/.rustup/tmp"};
        if (is_one_of(name, names, ARRAY_SIZE(names)))
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
                if (str_ends(path, endings[i]))
                        return true;
        return false;
}

/* ---- walking ---------------------------------------------------------------------------------------- */

int walk_identify(int fd, struct walk_identity *ret, uint32_t *ret_mode)
{
        struct stat s;
        if (fstat(fd, &s) < 0)
                return -errno;
        *ret = (struct walk_identity){s.st_dev, s.st_ino, (uint64_t)s.st_size,
                                      s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec,
                                      s.st_ctim.tv_sec * 1000000000 + s.st_ctim.tv_nsec};
        *ret_mode = s.st_mode;
        return 0;
}

bool walk_same(const struct walk_identity *a, const struct walk_identity *b)
{
        return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime == b->mtime &&
               a->ctime == b->ctime;
}

static int look_at(int dir_fd, const char *name, struct walk_entry *e)
{
        struct statx s;
        if (statx(dir_fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
                  &s) < 0)
                return -errno;
        e->identity = (struct walk_identity){makedev(s.stx_dev_major, s.stx_dev_minor), s.stx_ino, s.stx_size,
                                             s.stx_mtime.tv_sec * 1000000000 + s.stx_mtime.tv_nsec,
                                             s.stx_ctime.tv_sec * 1000000000 + s.stx_ctime.tv_nsec};
        e->mode = s.stx_mode;
        return 0;
}

static int walk_folder(struct walking *k, int fd, size_t depth);

static int enter(struct walking *k, int dir_fd, const struct walk_entry *e, size_t depth)
{
        struct walk *w = k->w;
        if (w->shallow || is_foreign(k->path.data) || is_history(e->name))
                return 0;
        if (is_engine(k->path.data)) {
                w->left_out(w->context, k->path.data, "images and containers of an engine, each a root");
                return 0;
        }
        if (!w->caches && is_cache(k->path.data, e->name)) {
                if (w->tell_caches)
                        w->left_out(w->context, k->path.data, "a cache; --caches looks into it");
                return 0;
        }
        if (!enters(k, dir_fd, e->name, e->identity.device))
                return 0;
        if (depth >= (w->depth ? w->depth : DEPTH)) {
                w->left_out(w->context, k->path.data, "nested too deeply");
                return 0;
        }
        int fd = openat(dir_fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
                if (errno == EACCES || errno == EPERM)
                        w->left_out(w->context, k->path.data, "not permitted");
                return 0;
        }
        return walk_folder(k, fd, depth + 1);
}

static int visit(struct walking *k, int dir_fd, const struct dirent *d, size_t depth)
{
        struct walk *w = k->w;
        struct walk_entry e = {.mode = 0};
        bool folder = d->d_type == DT_DIR, unsure = d->d_type == DT_UNKNOWN;
        if (d->d_type != DT_REG && !folder && !unsure)
                return 0;
        uint64_t who = w->wants(w->context, d->d_name, folder);
        if (!who && !folder && !unsure)
                return 0;
        size_t before = k->path.size;
        buf_add_char(&k->path, '/');
        buf_add_str(&k->path, d->d_name);
        int r = k->path.error;
        if (r == 0 && k->path.size >= PATH_MAX) {
                w->left_out(w->context, k->path.data, "its path is too long");
        } else if (r == 0) {
                e.path = k->path.data;
                e.name = k->path.data + before + 1;
                if (look_at(dir_fd, d->d_name, &e) == 0) {
                        if (unsure && S_ISDIR(e.mode))
                                who = w->wants(w->context, d->d_name, true);
                        if (who && (S_ISREG(e.mode) || S_ISDIR(e.mode)))
                                r = w->found(w->context, &e, who);
                        if (r == 0 && S_ISDIR(e.mode))
                                r = enter(k, dir_fd, &e, depth);
                }
        }
        k->path.size = before;
        if (k->path.data)
                k->path.data[before] = '\0';
        return r == -EFBIG ? 0 : r;
}

/* Asked once a folder, and now and then in a large one. */
static bool is_late(struct walking *k)
{
        struct walk *w = k->w;
        if (!w->until || w->late || clock_boottime() < w->until)
                return w->late;
        w->left_out(w->context, k->path.size ? k->path.data : "/", "no time was left, from here on");
        w->late = true;
        return true;
}

static int walk_folder(struct walking *k, int fd, size_t depth)
{
        DIR *folder = fdopendir(fd);
        if (!folder) {
                close(fd);
                return -ENOMEM;
        }
        int r = 0;
        bool late = is_late(k);
        for (struct dirent *d; r == 0 && !late && (d = readdir(folder));) {
                if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
                        continue;
                if (k->w->entries % LATE_ENTRIES == 0 && (late = is_late(k)))
                        break;
                size_t most = k->w->most_entries ? k->w->most_entries : ENTRIES;
                if (k->w->entries >= most) {
                        if (!k->full)
                                k->w->left_out(k->w->context, k->path.size ? k->path.data : "/",
                                               "too many files, from here on");
                        k->full = true;
                        break;
                }
                k->w->entries++;
                r = visit(k, dirfd(folder), d, depth);
        }
        closedir(folder);
        return r;
}

static void walking_done(struct walking *k)
{
        vec_done(&k->devices);
        buf_done(&k->path);
        arena_done(&k->arena);
}

int walk_tree(struct walk *w, const char *path)
{
        _cleanup_(walking_done) struct walking k = {
                .w = w, .path = BUF_INIT(PATH_MAX * 2), .arena = ARENA_INIT(MOUNTS_TEXT)};
        struct stat s;
        int fd = file_open_dir_in(w->root_fd, path);
        if (fd < 0)
                return 0;
        buf_add_str(&k.path, strcmp(path, "/") ? path : "");
        if (k.path.error || fstat(fd, &s) < 0) {
                close(fd);
                return k.path.error == -ENOMEM ? -ENOMEM : 0;
        }
        k.device = s.st_dev;
        return walk_folder(&k, fd, 0);
}

int walk_file(struct walk *w, const char *path)
{
        const char *slash = strrchr(path, '/');
        struct walk_entry e = {.path = path, .name = slash ? slash + 1 : path};
        uint64_t who = w->wants(w->context, e.name, false);
        if (!who)
                return 0;
        _cleanup_close_ int fd = file_open_in(w->root_fd, path);
        if (fd < 0 || walk_identify(fd, &e.identity, &e.mode) < 0)
                return 0;
        return w->found(w->context, &e, who);
}
