/* SPDX-License-Identifier: Apache-2.0 */

/* Whoever installs, upgrades or removes a package writes its manager's database, or renames something in the
 * folder of modules: both show in the times of one file or folder. What lies deeper is found when the root is
 * read anew for its age. */

#include "base/file.h"
#include "base/map.h"
#include "inventory/readers.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* What no package manager keeps a database of. */
static const char *const folders[] = {"/usr/local/lib/node_modules", "/usr/lib/node_modules"};

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
        for (size_t i = 0; readers[i]; i++)
                for (const char *const *path = readers[i]->databases; path && *path; path++)
                        stamp = add(stamp, root_fd, *path);
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                stamp = add(stamp, root_fd, folders[i]);
        for (size_t i = 0; i < count; i++)
                stamp = add(stamp, root_fd, python_paths[i]);
        return stamp;
}
