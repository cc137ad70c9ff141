/* SPDX-License-Identifier: Apache-2.0 */

/* What lies at a path is told by the mount that covers it: its device and the folder of that device that is
 * mounted. A bind mount of a folder onto itself, as service managers make them for rights, is no difference.
 */

#include "host/mount_difference.h"

#include "base/buf.h"
#include "base/map.h"
#include "format/procfs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_MOUNTS = 20000, MOST_DIFFERENCES = 1024, IDENTITY_TEXT = 16 << 20 };

struct mount {
        const char *point, *root, *type;
        uint32_t major, minor;
        size_t order; /* a later one covers the earlier ones */
};

struct mount_table {
        VEC(struct mount) mounts;
        struct map points; /* point → index of the last one there, plus 1 */
        size_t top;        /* "/", plus 1; 0: a chroot into a plain folder has none */
};

static void table_done(struct mount_table *t)
{
        vec_done(&t->mounts);
        map_done(&t->points);
}

static const char *unescaped(struct span text, struct arena *a)
{
        char path[PATH_MAX];
        procfs_unescape(text, path, sizeof(path));
        return arena_strdup(a, path);
}

static int table_read(struct span text, struct arena *a, struct mount_table *to)
{
        for (struct procfs_mount m; procfs_mount_next(&text, &m);) {
                if (to->mounts.count >= MOST_MOUNTS)
                        return -E2BIG;
                struct mount *mount = vec_add(&to->mounts);
                if (!mount)
                        return -ENOMEM;
                *mount = (struct mount){.point = unescaped(m.point, a),
                                        .root = unescaped(m.root, a),
                                        .type = arena_strndup(a, m.type.data, m.type.size),
                                        .major = m.major,
                                        .minor = m.minor,
                                        .order = to->mounts.count};
                if (!mount->point || !mount->root || !mount->type ||
                    map_put_str(&to->points, mount->point, (void *)(uintptr_t)to->mounts.count) < 0)
                        return -ENOMEM;
        }
        to->top = (size_t)(uintptr_t)map_get_str(&to->points, "/");
        return 0;
}

/* The mount that covers the path: of those above it, the one that was mounted last. NULL: none is. */
static const struct mount *covering(const struct mount_table *t, const char *path)
{
        const struct mount *found = t->top ? &t->mounts.items[t->top - 1] : NULL;
        for (size_t size = strlen(path); size > 0; size--) {
                if (path[size] && path[size] != '/')
                        continue;
                size_t at = (size_t)(uintptr_t)map_get(&t->points, path, size);
                if (at && (!found || t->mounts.items[at - 1].order > found->order))
                        found = &t->mounts.items[at - 1];
        }
        return found;
}

static bool is_own(const struct mount_table *t, const struct mount *m)
{
        const struct mount *top = t->top ? &t->mounts.items[t->top - 1] : NULL;
        return !m || (top && m->major == top->major && m->minor == top->minor);
}

/* Whose file system, and which folder of it. The root's own is the same for both. */
static bool describe(const struct mount_table *t, const char *path, bool plainly,
                     char to[static PATH_MAX * 2])
{
        const struct mount *m = covering(t, path);
        const char *rest = m && strcmp(m->point, "/") ? path + strlen(m->point) : path;
        const char *root = m && strcmp(m->root, "/") ? m->root : "";
        int size = is_own(t, m) && !plainly ? snprintf(to, PATH_MAX * 2, "own:%s%s", root, rest)
                   : m ? snprintf(to, PATH_MAX * 2, "%u:%u:%s%s", m->major, m->minor, root, rest)
                       : snprintf(to, PATH_MAX * 2, "none:%s", rest);
        return size < PATH_MAX * 2;
}

/* Kernel interfaces and what lives as long as the machine runs: nothing is installed there. */
static bool is_foreign(const char *path)
{
        static const char *const folders[] = {"/proc", "/sys", "/dev", "/run", "/var/run"};
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
                size_t size = strlen(folders[i]);
                if (!strncmp(path, folders[i], size) && (!path[size] || path[size] == '/'))
                        return true;
        }
        return !strcmp(path, "/");
}

bool mounts_differ_at(const struct mount_differences *d, const char *path)
{
        vec_each (item, &d->items) {
                size_t size = strlen(item->path);
                if (!strncmp(path, item->path, size) && (!path[size] || path[size] == '/'))
                        return true;
        }
        return false;
}

static int by_point(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct comparison {
        struct mount_table base, other;
        VEC(const char *) points; /* of both */
        struct buf identity;
};

static void comparison_done(struct comparison *c)
{
        table_done(&c->base);
        table_done(&c->other);
        vec_done(&c->points);
        buf_done(&c->identity);
}

static int list_points(struct comparison *c)
{
        const struct mount_table *const tables[] = {&c->base, &c->other};
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
                vec_each (m, &tables[i]->mounts) {
                        const char **slot = is_foreign(m->point) ? NULL : vec_add(&c->points);
                        if (slot)
                                *slot = m->point;
                        else if (!is_foreign(m->point))
                                return -ENOMEM;
                }
        /* A folder comes before what lies in it. */
        if (c->points.count)
                qsort(c->points.items, c->points.count, sizeof(*c->points.items), by_point);
        return 0;
}

static int compare_at(struct comparison *c, const char *point, struct mount_differences *to)
{
        char one[PATH_MAX * 2], two[PATH_MAX * 2];
        if (mounts_differ_at(to, point))
                return 0;
        if (!describe(&c->base, point, false, one) || !describe(&c->other, point, false, two))
                return -E2BIG;
        if (!strcmp(one, two))
                return 0;
        if (to->items.count >= MOST_DIFFERENCES)
                return -E2BIG;
        const struct mount *m = covering(&c->other, point);
        struct mount_difference *d = vec_add(&to->items);
        if (!d)
                return -ENOMEM;
        *d = (struct mount_difference){point, is_own(&c->other, m) ? NULL : m->type};
        describe(&c->other, point, true, two);
        buf_addf(&c->identity, "%s\n%s\n", point, two);
        return 0;
}

int mounts_compare(struct span base, struct span other, struct arena *a, struct mount_differences *ret)
{
        _cleanup_(comparison_done) struct comparison c = {.identity = BUF_INIT(IDENTITY_TEXT)};
        _cleanup_(mount_differences_done) struct mount_differences found = {};
        int r = table_read(base, a, &c.base);
        if (r == 0)
                r = table_read(other, a, &c.other);
        if (r == 0)
                r = list_points(&c);
        for (size_t i = 0; r == 0 && i < c.points.count; i++)
                r = compare_at(&c, c.points.items[i], &found);
        if (r < 0 || c.identity.error)
                return r < 0 ? r : c.identity.error;
        found.identity = arena_strndup(a, c.identity.data ? c.identity.data : "", c.identity.size);
        if (!found.identity)
                return -ENOMEM;
        *ret = found;
        found = (struct mount_differences){};
        return 0;
}

void mount_differences_done(struct mount_differences *d)
{
        vec_done(&d->items);
}
