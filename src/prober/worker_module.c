/* SPDX-License-Identifier: Apache-2.0 */

/* A module is imported by whatever path leads to its file: through links to a release folder, from a copy
 * that somebody put beside the program. The inventory knows the paths that it walked. So a file that nobody
 * owns by its path is asked for by what the path leads to, and then compared with the file of the same module
 * in each module folder that is known. Most such files are nobody's, which is remembered for as long as the
 * inventory holds. */

#include "prober/worker_module.h"

#include "base/file.h"
#include "prober/module_cache.h"
#include "prober/worker_root.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
        MOST_MODULES = 20000,  /* remembered of a root */
        MODULE_SIZE = 4 << 20, /* bytes of a source file that is compared */
        MODULE_MEMORY = 8 << 20,
};

static struct module_cache *cache_of(struct worker *w, const char *root_id)
{
        struct cached_root *root = root_id ? map_get_str(&w->roots, root_id) : NULL;
        if (root && root->modules && root->modules->owners.count >= MOST_MODULES)
                root->modules = module_cache_free(root->modules);
        if (root && !root->modules && (root->modules = calloc(1, sizeof(*root->modules))))
                root->modules->arena = ARENA_INIT(MODULE_MEMORY);
        return root ? root->modules : NULL;
}

/* ---- links ------------------------------------------------------------------------------------------ */

static ssize_t descriptor_path(int fd, char to[static PATH_MAX])
{
        char self[64];
        snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
        ssize_t size = readlink(self, to, PATH_MAX - 1);
        if (size >= 0)
                to[size] = '\0';
        return size;
}

/* The path in the root that really leads to the file. False: there is no file. */
static bool resolve(int root_fd, const char *path, char to[static PATH_MAX])
{
        char root[PATH_MAX], found[PATH_MAX];
        _cleanup_close_ int fd = file_open_in(root_fd, path);
        ssize_t size = fd < 0 ? -1 : descriptor_path(fd, found);
        ssize_t root_size = size < 0 ? -1 : descriptor_path(root_fd, root);
        if (size <= 0 || root_size <= 0)
                return false;
        if (root_size == 1)
                root_size = 0; /* "/" */
        if (strncmp(found, root, (size_t)root_size) != 0 || found[root_size] != '/')
                return false;
        memmove(to, found + root_size, (size_t)(size - root_size) + 1);
        return true;
}

/* ---- copies ----------------------------------------------------------------------------------------- */

static bool same_content(int root_fd, const char *a, const char *b)
{
        struct stat s;
        _cleanup_close_ int first = file_open_in(root_fd, a), second = file_open_in(root_fd, b);
        return first >= 0 && second >= 0 && fstat(first, &s) == 0 && s.st_size &&
               file_same_content(first, second, MODULE_SIZE);
}

/* "/yaml/loader.py" where the file is what `import yaml.loader` would read; NULL where it is called
 * otherwise. */
static const char *module_part(const char *file, const char *module)
{
        static const char *const endings[] = {".py", "/__init__.py"};
        char part[PATH_MAX];
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                int size = snprintf(part, sizeof(part), "/%s%s", module, endings[i]);
                if (size >= (int)sizeof(part))
                        return NULL;
                for (char *dot = part; dot < part + 1 + strlen(module); dot++)
                        if (*dot == '.')
                                *dot = '/';
                if (str_ends(file, part))
                        return file + strlen(file) - (size_t)size;
        }
        return NULL;
}

/* Whose the path is. True: somebody's, or several packages'. */
static bool ask(const struct inventory *inventory, const char *path, struct arena *a,
                struct module_owner *ret)
{
        bool tie = false;
        *ret = (struct module_owner){.package = inventory_owner(inventory, path, &tie)};
        if (tie)
                ret->shared = arena_strdup(a, path);
        return ret->package || tie;
}

static bool ask_for_copy(const struct probe_job *job, const struct inventory *inventory, int root_fd,
                         const char *file, const char *module, struct arena *a, struct module_owner *ret)
{
        static const char *const usual[] = {"/usr/lib/python3/dist-packages"};
        const char *part = module ? module_part(file, module) : NULL;
        for (size_t i = 0; part && i < job->python_path_count + ARRAY_SIZE(usual); i++) {
                const char *folder =
                        i < job->python_path_count ? job->python_paths[i] : usual[i - job->python_path_count];
                char path[PATH_MAX];
                if (snprintf(path, sizeof(path), "%s%s", folder, part) >= (int)sizeof(path))
                        continue;
                if (ask(inventory, path, a, ret) && same_content(root_fd, path, file))
                        return true;
        }
        return false;
}

/* ---- both ------------------------------------------------------------------------------------------- */

static struct module_owner look_closer(struct worker *w, const struct probe_job *job,
                                       const struct inventory *inventory, const char *file,
                                       const char *module, struct arena *a, int *root_fd)
{
        char real[PATH_MAX];
        struct module_owner owner = {};
        if (*root_fd == -1)
                *root_fd = worker_root_open(w, job); /* or why it cannot be had: not tried again */
        if (*root_fd < 0)
                return owner;
        if (resolve(*root_fd, file, real) && strcmp(real, file) != 0 && ask(inventory, real, a, &owner))
                return owner;
        return ask_for_copy(job, inventory, *root_fd, file, module, a, &owner) ? owner
                                                                               : (struct module_owner){};
}

struct module_owner worker_module_owner(struct worker *w, const struct probe_job *job,
                                        const struct inventory *inventory, const char *file,
                                        const char *module, struct arena *a, int *root_fd)
{
        struct module_owner owner = {};
        if (file[0] != '/' || ask(inventory, file, a, &owner))
                return owner;
        /* Another process may mean another file by this path. */
        struct module_cache *cache = worker_sees_root(w, job) ? cache_of(w, job->root_id) : NULL;
        const struct module_owner *known = cache ? map_get_str(&cache->owners, file) : NULL;
        if (known)
                return *known;
        owner = look_closer(w, job, inventory, file, module, cache ? &cache->arena : a, root_fd);
        struct module_owner *kept = cache ? arena_alloc(&cache->arena, sizeof(*kept)) : NULL;
        const char *key = kept ? arena_strdup(&cache->arena, file) : NULL;
        if (key) { /* where it cannot be remembered, it is asked again */
                *kept = owner;
                map_put_str(&cache->owners, key, kept);
        }
        return owner;
}
