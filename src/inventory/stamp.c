/* SPDX-License-Identifier: Apache-2.0 */

/* Whoever installs, upgrades or removes a package writes its manager's database, or renames something in the
 * folder of modules: both show in the times of one file or folder. What lies deeper is found when the root is
 * read anew for its age. */

#include "base/file.h"
#include "base/map.h"
#include "inventory/inventory.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const databases[] = {
        "/var/lib/dpkg/status",
        "/var/lib/dpkg/status.d",
        "/lib/apk/db/installed",
        "/usr/lib/apk/db/installed",
        "/var/lib/rpm/rpmdb.sqlite",
        "/var/lib/rpm/rpmdb.sqlite-wal",
        "/var/lib/rpm/Packages.db",
        "/var/lib/rpm/Packages",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
        "/usr/lib/sysimage/rpm/Packages.db",
        "/usr/share/rpm/rpmdb.sqlite",
        "/var/lib/pacman/local",
        "/usr/lib/opkg/status",
        "/usr/local/lib/node_modules",
        "/usr/lib/node_modules",
};

static uint64_t add(uint64_t stamp, int root_fd, const char *path)
{
        struct {
                uint64_t stamp, device, inode, size;
                struct timespec modified, changed;
        } seen = {.stamp = stamp};
        _cleanup_close_ int file = file_open_in(root_fd, path);
        _cleanup_close_ int folder = file == -EISDIR ? file_open_dir_in(root_fd, path) : -1;
        struct stat st;
        if (fstat(file >= 0 ? file : folder, &st) == 0) {
                seen.device = st.st_dev;
                seen.inode = st.st_ino;
                seen.size = (uint64_t)st.st_size;
                seen.modified = st.st_mtim;
                seen.changed = st.st_ctim;
        }
        return map_hash(&seen, sizeof(seen));
}

uint64_t inventory_stamp(int root_fd, const char *const *python_paths, size_t count)
{
        uint64_t stamp = 1;
        for (size_t i = 0; i < ARRAY_SIZE(databases); i++)
                stamp = add(stamp, root_fd, databases[i]);
        for (size_t i = 0; i < count; i++)
                stamp = add(stamp, root_fd, python_paths[i]);
        return stamp;
}
