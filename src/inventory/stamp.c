/* SPDX-License-Identifier: Apache-2.0 */

/* Whoever installs, upgrades or removes a package writes its manager's database, or renames something in the
 * folder of modules: both show in the times of one file or folder. What lies deeper is found when the root is
 * read anew for its age. */

#include "base/file.h"
#include "base/map.h"
#include "inventory/readers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What no package manager keeps a database of. */
static const char *const folders[] = {"/usr/local/lib/node_modules", "/usr/lib/node_modules"};

struct seen {
        uint64_t stamp, device, inode, size, mode;
        struct timespec modified, changed;
};

static bool see(int fd, struct seen *seen)
{
        struct stat st;
        if (fstat(fd, &st) < 0)
                return false;
        seen->device = st.st_dev;
        seen->inode = st.st_ino;
        seen->size = (uint64_t)st.st_size;
        seen->modified = st.st_mtim;
        seen->changed = st.st_ctim;
        seen->mode = st.st_mode;
        return true;
}

/* Whether it is there. */
static bool see_path(int root_fd, const char *path, struct seen *seen)
{
        _cleanup_close_ int file = file_open_in(root_fd, path);
        _cleanup_close_ int folder = file == -EISDIR ? file_open_dir_in(root_fd, path) : -1;
        return see(file >= 0 ? file : folder, seen);
}

static uint64_t add(uint64_t stamp, int root_fd, const char *path)
{
        struct seen seen = {.stamp = stamp};
        see_path(root_fd, path, &seen);
        return map_hash(&seen, sizeof(seen));
}

uint64_t inventory_folder_mark(int root_fd, const char *folder)
{
        struct seen seen = {};
        return see_path(root_fd, folder, &seen) ? map_hash(&seen, sizeof(seen)) | 1 : 0;
}

/* Node takes the closest modules above. */
static int open_modules(int root_fd, const char *folder)
{
        char path[PATH_MAX];
        for (size_t size = strlen(folder); size; size--) {
                if (folder[size] && folder[size] != '/')
                        continue;
                if (snprintf(path, sizeof(path), "%.*s/node_modules", (int)size, folder) >= PATH_MAX)
                        continue;
                int fd = file_open_dir_in(root_fd, path);
                if (fd >= 0)
                        return fd;
        }
        return -ENOENT;
}

uint64_t inventory_place_mark(int root_fd, const char *place)
{
        struct seen seen = {};
        _cleanup_close_ int file = file_open_in(root_fd, place);
        _cleanup_close_ int folder = file == -EISDIR ? open_modules(root_fd, place) : -1;
        const char *slash = strrchr(place, '/');
        if (!see(file >= 0 ? file : folder, &seen) ||
            (file >= 0 && (seen.mode & 0111 || is_shared_object(slash ? slash + 1 : place))))
                return 0;
        return map_hash(&seen, sizeof(seen)) | 1;
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
