/* SPDX-License-Identifier: Apache-2.0 */
/* A path → imports. A folder is walked; every archive in it is an import of its own, and its single
 * records are one together. */
#include "advisory/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { FOLDER_DEPTH = 8 };

typedef VEC(char *) path_list;

static void paths_done(path_list *list)
{
        vec_each (path, list)
                free(*path);
        vec_done(list);
}

static int path_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int folder_list(const char *path, unsigned depth, path_list *to, struct error *error)
{
        DIR *dir = opendir(path);
        if (!dir)
                return error_set(error, -errno, "cannot read the folder %s: %s", path, strerror(errno));
        int r = 0;
        for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                struct stat st;
                _cleanup_free_ char *name = NULL;
                if (entry->d_name[0] == '.' ||
                    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (asprintf(&name, "%s/%s", path, entry->d_name) < 0) {
                        name = NULL;
                        r = error_set(error, -ENOMEM, "out of memory");
                } else if (S_ISDIR(st.st_mode) && depth < FOLDER_DEPTH) {
                        r = folder_list(name, depth + 1, to, error);
                } else if (S_ISREG(st.st_mode)) {
                        char **slot = vec_add(to);
                        if (!slot)
                                r = error_set(error, -ENOMEM, "out of memory");
                        else
                                *slot = TAKE_PTR(name);
                }
        }
        closedir(dir);
        return r;
}

/* One file of a folder: single records join the folder's import, the rest is left for its own. */
static int folder_record(struct import *i, char **path, struct error *error)
{
        struct stat st;
        const char *folder = i->path;
        _cleanup_close_ int fd = import_open(*path, &st, error);
        if (fd < 0)
                return fd;
        enum import_kind kind = import_recognise(fd);
        if (kind != KIND_JSON) {
                if (kind == KIND_UNKNOWN)
                        (*path)[0] = 0; /* readme, licence, index: not ours */
                return 0;
        }
        i->path = *path;
        int r = import_json(i, fd, error);
        i->path = folder;
        (*path)[0] = 0;
        return r;
}

/* What an ecosystem has by its own word; `removed` is what was held beyond it. */
struct listing {
        const char *ecosystem;
        struct span ids;
        uint64_t removed;
};

/* All single records in one transaction. `all` may be NULL. */
static int records_import(struct import *i, const path_list *paths, struct listing *all, struct error *error)
{
        uint64_t done = 0;
        int r = import_begin(i, error);
        if (r < 0)
                return r;
        vec_each (path, paths) {
                if (r == 0)
                        r = folder_record(i, path, error);
                import_progress(i, ++done, paths->count);
        }
        if (r == 0 && all)
                r = import_let_go(i, all->ecosystem, all->ids, &all->removed, error);
        if (r == 0)
                r = import_end(i, false, error);
        if (r < 0)
                import_abort(i);
        return r;
}

static int import_folder(struct import *i, struct error *error)
{
        __attribute__((cleanup(paths_done))) path_list paths = {};
        char folder[256];
        _cleanup_free_ char *below = NULL;
        int r = folder_list(i->path, 0, &paths, error);
        if (r < 0)
                return r;
        if (!paths.count)
                return error_set(error, -ENODATA, "%s holds no advisories", i->path);
        if (asprintf(&below, "%s/", i->path) < 0) {
                below = NULL;
                return error_set(error, -ENOMEM, "out of memory");
        }
        if (!i->named)
                i->folder = import_folder_name(below, folder);
        qsort(paths.items, paths.count, sizeof(*paths.items), path_compare);
        r = records_import(i, &paths, NULL, error);
        vec_each (path, &paths)
                if (r == 0 && **path)
                        r = import_file(i, *path, error);
        return r;
}

int advisory_import_changes(struct advisory_db *db, const char *ecosystem, const char *source,
                            const char *folder, struct span ids, const struct import_watch *watch,
                            struct import_result *ret, uint64_t *ret_removed, struct error *error)
{
        __attribute__((cleanup(paths_done))) path_list paths = {};
        struct import_result result = {};
        struct import i = {.db = db,
                           .watch = watch,
                           .result = &result,
                           .path = folder ? folder : source,
                           .source = source,
                           .folder = ecosystem,
                           .named = true};
        struct listing all = {.ecosystem = ecosystem, .ids = ids};
        int r = folder ? folder_list(folder, 0, &paths, error) : 0;
        if (r < 0)
                return r;
        import_releases_forget(db);
        r = records_import(&i, &paths, &all, error);
        if (r < 0)
                return r;
        *ret = result;
        *ret_removed = all.removed;
        return 0;
}

int advisory_import_from(struct advisory_db *db, const char *path, const char *source, const char *ecosystem,
                         const struct import_watch *watch, struct import_result *ret, struct error *error)
{
        struct import_result result = {};
        struct import i = {.db = db,
                           .watch = watch,
                           .result = &result,
                           .path = path,
                           .source = source,
                           .folder = ecosystem,
                           .holds = true,
                           .named = *ecosystem};
        struct stat st;
        if (stat(path, &st) < 0)
                return error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
        import_releases_forget(db);
        int r = S_ISDIR(st.st_mode) ? import_folder(&i, error) : import_file(&i, path, error);
        if (r == 0 && !result.records && !result.unchanged)
                r = error_set(error, -ENODATA, "%s holds no usable advisories", path);
        if (r < 0)
                return r;
        *ret = result;
        return 0;
}

int advisory_import(struct advisory_db *db, const char *path, const struct import_watch *watch,
                    struct import_result *ret, struct error *error)
{
        return advisory_import_from(db, path, NULL, "", watch, ret, error);
}
