/* SPDX-License-Identifier: Apache-2.0 */

/* Each ecosystem adds packages and claims files; who claims first keeps, and the distribution goes first:
 * a Python module that dpkg installed is dpkg's. */

#include "inventory/frame.h"
#include "inventory/recall.h"
#include "inventory/tables.h"

#include "host/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* Bytes that all archives of a root may unpack to: about a minute. */
#define INFLATED_TOGETHER (32ull << 30)

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

static int copy_paths(struct inventory *inv, const char *const *from, size_t count, const char *const **ret)
{
        const char **paths = arena_alloc(&inv->arena, (count + 1) * sizeof(*paths));
        if (!paths)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++)
                if (!(paths[i] = arena_strdup(&inv->arena, from[i])))
                        return -ENOMEM;
        *ret = paths;
        return 0;
}

/* Places are needed only while they are walked. */
static int copy_hints(struct inventory *inv, const struct inventory_hints *hints)
{
        inv->hints = *hints;
        inv->inflatable = hints->inflatable ? hints->inflatable : INFLATED_TOGETHER;
        inv->hints.kernel_release = arena_strdup(&inv->arena, hints->kernel_release);
        if (hints->kernel_release && !inv->hints.kernel_release)
                return -ENOMEM;
        struct inventory_part *parts = arena_alloc(&inv->arena, (hints->part_count + 1) * sizeof(*parts));
        if (!parts)
                return -ENOMEM;
        for (size_t i = 0; i < hints->part_count; i++) {
                parts[i] = (struct inventory_part){arena_strdup(&inv->arena, hints->parts[i].path),
                                                   arena_strdup(&inv->arena, hints->parts[i].type)};
                if (!parts[i].path || (hints->parts[i].type && !parts[i].type))
                        return -ENOMEM;
        }
        inv->hints.parts = parts;
        return copy_paths(inv, hints->python_paths, hints->python_path_count, &inv->hints.python_paths);
}

static void forget_places(struct inventory *inv)
{
        inv->root_fd = -1;
        inv->hints.places = NULL;
        inv->hints.place_count = 0;
}

static bool is_usr_merged(int root_fd)
{
        struct stat s;
        return fstatat(root_fd, "lib", &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(s.st_mode);
}

static void blunt_crafted(struct inventory *inv)
{
        vec_each (p, &inv->packages) {
                if (inventory_is_sane(p))
                        continue;
                inventory_limit(inv, "a package with a name of more than %d bytes was left out",
                                INVENTORY_LONGEST_NAME);
                *p = (struct package){.root = inv->root_id,
                                      .ecosystem = p->ecosystem,
                                      .release = p->release,
                                      .name = "(crafted)",
                                      .source = "(crafted)",
                                      .runtimes = RUNTIME_UNKNOWN,
                                      .not_evaluated = "its name is longer than any real one"};
        }
}

/* Behind the last one, so that no reading takes it for its own. */
static void tell_more_limits(struct inventory *inv)
{
        const char *text =
                inv->limits_more
                        ? arena_printf(&inv->arena, "and %zu more that are not named here", inv->limits_more)
                        : NULL;
        const char **slot = text ? vec_add(&inv->limits) : NULL;
        if (slot)
                *slot = text;
}

/* From a walk, or of what `previous` was read from and the files of this list. */
static int read_all(struct inventory *inv, struct inventory *previous, found_list *more)
{
        int r = inventory_read_os(inv);
        if (r == 0 && !inv->hints.part_count)
                r = inventory_read_dpkg_log(inv);
        if (r == 0)
                r = more ? frame_read_more(inv, previous, more) : frame_read(inv, previous);
        blunt_crafted(inv);
        tell_more_limits(inv);
        return r;
}

static struct inventory *inventory_new(int root_fd, const char *root_id)
{
        _cleanup_inventory_ struct inventory *inv = calloc(1, sizeof(*inv));
        if (!inv)
                return NULL;
        inv->arena = ARENA_INIT(INVENTORY_MEMORY);
        inv->root_fd = root_fd;
        inv->root_id = arena_strdup(&inv->arena, root_id);
        return inv->root_id ? TAKE_PTR(inv) : NULL;
}

static int read_root(int root_fd, const char *root_id, const struct inventory_hints *hints,
                     struct inventory *previous, found_list *more, struct inventory **ret)
{
        _cleanup_inventory_ struct inventory *before = hints->lent ? NULL : previous;
        _cleanup_inventory_ struct inventory *inv = inventory_new(root_fd, root_id);
        if (!inv)
                return -ENOMEM;
        inv->usr_merged = is_usr_merged(root_fd);
        int r = copy_hints(inv, hints);
        if (r == 0 && hints->remember && !(inv->recall = recall_new()))
                r = -ENOMEM;
        if (r == 0)
                r = read_all(inv, previous, more);
        forget_places(inv);
        vec_trim(&inv->packages);
        owners_rest(&inv->owners);
        if (inv->recall)
                recall_rest(inv->recall);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(inv);
        return 0;
}

int inventory_read(int root_fd, const char *root_id, const struct inventory_hints *hints,
                   struct inventory *previous, struct inventory **ret)
{
        return read_root(root_fd, root_id, hints, previous, NULL, ret);
}

/* Of the copies' search, too, which goes through folders of modules. */
static int note_python_paths(struct inventory *inv, const struct inventory_hints *hints)
{
        if (hints->python_path_count == inv->hints.python_path_count)
                return 0;
        int r = copy_paths(inv, hints->python_paths, hints->python_path_count, &inv->hints.python_paths);
        if (r == 0)
                inv->hints.python_path_count = hints->python_path_count;
        return r;
}

static void found_done(found_list *list)
{
        vec_done(list);
}

int inventory_extend(int root_fd, const struct inventory_hints *hints, struct inventory *inv,
                     struct inventory **ret)
{
        _cleanup_inventory_ struct inventory *before = inv;
        _cleanup_arena_ struct arena names = ARENA_INIT(INVENTORY_MEMORY);
        _cleanup_(found_done) found_list list = {};
        int r = -ENOTSUP;
        if (inv->recall && !hints->whole && !inv->hints.whole && !inv->late) {
                inv->root_fd = root_fd;
                inv->hints.until = hints->until;
                r = frame_find_new(inv, hints, &names, &list);
        }
        if (r == -ENOMEM)
                return r;
        if (r < 0 || r == FRAME_ANEW) {
                bool more = r > 0;
                r = read_root(root_fd, inv->root_id, hints, TAKE_PTR(before), more ? &list : NULL, ret);
                return r < 0 ? r : more ? INVENTORY_MORE : INVENTORY_READ;
        }
        bool added = r == FRAME_ADDED;
        r = note_python_paths(inv, hints);
        forget_places(inv);
        if (added) {
                vec_trim(&inv->packages);
                owners_rest(&inv->owners);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(before);
        return added ? INVENTORY_MORE : INVENTORY_SAME;
}

/* ---- one executable --------------------------------------------------------------------------------- */

/* Out of the inventory's memory into the caller's. */
static int hand_over(const struct package *from, struct arena *a, package_list *to)
{
        struct package *p = vec_add(to);
        if (!p)
                return -ENOMEM;
        *p = *from;
        const char **const texts[] = {&p->root,    &p->ecosystem,     &p->release, &p->name,
                                      &p->version, &p->arch,          &p->source,  &p->source_version,
                                      &p->path,    &p->not_evaluated, &p->owner,   &p->detail,
                                      &p->module};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                if (*texts[i] && !(*texts[i] = arena_strdup(a, *texts[i]))) {
                        to->count--;
                        return -ENOMEM;
                }
        }
        return 0;
}

int inventory_linked(int fd, const char *root_id, const char *path, struct arena *a, package_list *to)
{
        const char *slash = strrchr(path, '/');
        struct candidate c = {.path = path, .name = slash ? slash + 1 : path, .executable = true};
        _cleanup_inventory_ struct inventory *inv = inventory_new(-1, root_id);
        struct stat s;
        if (!inv)
                return -ENOMEM;
        if (fstat(fd, &s) < 0)
                return -errno;
        if (!S_ISREG(s.st_mode))
                return 0;
        c.size = (uint64_t)s.st_size;
        int r = frame_read_elf(inv, &c, fd);
        blunt_crafted(inv);
        for (size_t i = 0; r == 0 && i < inv->packages.count; i++)
                r = hand_over(&inv->packages.items[i], a, to);
        return r;
}

struct inventory *inventory_free(struct inventory *inv)
{
        if (!inv)
                return NULL;
        vec_done(&inv->packages);
        vec_done(&inv->limits);
        vec_done(&inv->log);
        owners_done(&inv->owners);
        recall_free(inv->recall);
        walked_done(&inv->walked);
        tables_free(inv->tables);
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

struct inventory_counts inventory_counts(const struct inventory *inv)
{
        return inv->counts;
}

bool inventory_lacks_time(const struct inventory *inv)
{
        return inv->late;
}
