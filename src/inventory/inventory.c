/* SPDX-License-Identifier: Apache-2.0 */

/* Each ecosystem adds packages and claims files; who claims first keeps, and the distribution goes first:
 * a Python module that dpkg installed is dpkg's. */

#include "inventory/source.h"

#include "base/clock.h"
#include "base/file.h"
#include "host/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { LONGEST_NAME = 1024, LONGEST_PATH = 4096 };

void inventory_limit(struct inventory *inv, const char *format, ...)
{
        char text[512];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        const char *copy = inv->limits.count < MOST_LIMITS ? arena_strdup(&inv->arena, text) : NULL;
        const char **slot = copy ? vec_add(&inv->limits) : NULL;
        if (slot)
                *slot = copy;
}

struct package *inventory_add(struct inventory *inv)
{
        struct package *p = vec_add(&inv->packages);
        if (p)
                p->root = inv->root_id;
        return p;
}

/* ---- whose file ------------------------------------------------------------------------------------- */

/* Where /bin, /sbin and /lib* are links into /usr, both spellings are one file: "/usr" is left out. */
const char *inventory_canonical(const struct inventory *inv, const char *path)
{
        static const char *const merged[] = {"bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"};
        if (inv->usr_merged && str_starts(path, "/usr/"))
                for (size_t i = 0; i < ARRAY_SIZE(merged); i++)
                        if (str_starts(path + 5, merged[i]))
                                return path + 4;
        return path;
}

int inventory_own(struct inventory *inv, const char *path, size_t index)
{
        const char *key = inventory_canonical(inv, path);
        if (map_get_str(&inv->owners, key))
                return 0;
        return map_put_str(&inv->owners, key, (void *)(uintptr_t)(index + 1));
}

const struct package *inventory_owner(const struct inventory *inv, const char *path)
{
        uintptr_t index = (uintptr_t)map_get_str(&inv->owners, inventory_canonical(inv, path));
        return index ? &inv->packages.items[index - 1] : NULL;
}

/* ---- what was installed when ------------------------------------------------------------------------ */

const char *inventory_version_at(const struct inventory *inv, const char *name, const char *arch, int64_t at)
{
        const struct log_entry *before = NULL, *after = NULL;
        vec_each (e, &inv->log) {
                if (!str_equal(e->name, name) ||
                    (arch && e->arch && strcmp(e->arch, arch) && strcmp(e->arch, "all")))
                        continue;
                if (e->time <= at && (!before || e->time >= before->time))
                        before = e;
                if (e->time > at && (!after || e->time < after->time))
                        after = e;
        }
        return before ? before->after : after ? after->before : NULL;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static int copy_hints(struct inventory *inv, const struct inventory_hints *hints)
{
        size_t count = hints->python_path_count;
        const char **paths = arena_alloc(&inv->arena, (count + 1) * sizeof(*paths));
        if (!paths)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (!(paths[i] = arena_strdup(&inv->arena, hints->python_paths[i])))
                        return -ENOMEM;
        const char *kernel = arena_strdup(&inv->arena, hints->kernel_release);
        if (hints->kernel_release && !kernel)
                return -ENOMEM;
        inv->hints = (struct inventory_hints){paths, count, kernel};
        return 0;
}

static bool is_usr_merged(int root_fd)
{
        struct stat s;
        return fstatat(root_fd, "lib", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

/* Names and versions of packages are a few dozen bytes; what is longer is crafted, and would break the
 * limits of keys. */
static bool is_sane(const struct package *p)
{
        const char *const texts[] = {p->name, p->version, p->arch, p->source, p->source_version};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (texts[i] && strlen(texts[i]) > LONGEST_NAME)
                        return false;
        return !p->path || strlen(p->path) <= LONGEST_PATH;
}

static void blunt_crafted(struct inventory *inv)
{
        vec_each (p, &inv->packages) {
                if (is_sane(p))
                        continue;
                inventory_limit(inv, "a package with a name of more than %d bytes was left out",
                                LONGEST_NAME);
                *p = (struct package){.root = inv->root_id,
                                      .ecosystem = p->ecosystem,
                                      .release = p->release,
                                      .name = "(crafted)",
                                      .source = "(crafted)",
                                      .runtimes = RUNTIME_UNKNOWN,
                                      .not_evaluated = "its name is longer than any real one"};
        }
}

static int read_all(struct inventory *inv)
{
        int r = inventory_read_os(inv);
        if (r == 0)
                r = inventory_read_dpkg(inv);
        if (r == 0)
                r = inventory_read_dpkg_log(inv);
        if (r == 0)
                r = inventory_read_python(inv);
        blunt_crafted(inv);
        return r;
}

int inventory_read(int root_fd, const char *root_id, const struct inventory_hints *hints,
                   struct inventory **ret)
{
        _cleanup_inventory_ struct inventory *inv = calloc(1, sizeof(*inv));
        if (!inv)
                return -ENOMEM;
        inv->arena = ARENA_INIT(INVENTORY_MEMORY);
        inv->root_fd = root_fd;
        inv->root_id = arena_strdup(&inv->arena, root_id);
        inv->usr_merged = is_usr_merged(root_fd);
        int r = inv->root_id ? copy_hints(inv, hints) : -ENOMEM;
        if (r == 0)
                r = read_all(inv);
        inv->root_fd = -1;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(inv);
        return 0;
}

struct inventory *inventory_free(struct inventory *inv)
{
        if (!inv)
                return NULL;
        vec_done(&inv->packages);
        vec_done(&inv->limits);
        vec_done(&inv->log);
        map_done(&inv->owners);
        arena_done(&inv->arena);
        free(inv);
        return NULL;
}

const package_list *inventory_packages(const struct inventory *inv)
{
        return &inv->packages;
}

const char *const *inventory_limits(const struct inventory *inv, size_t *ret_count)
{
        *ret_count = inv->limits.count;
        return inv->limits.items;
}
