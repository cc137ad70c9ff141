/* SPDX-License-Identifier: Apache-2.0 */

/* What all readers use. Whatever is opened here is noted: it is what the package of the moment rests on. */

#include "inventory/reader.h"
#include "inventory/recall.h"

#include "base/clock.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { MOST_ENTRIES = 1000000, LONGEST_PATH = 4096 };

/* ---- what they found -------------------------------------------------------------------------------- */

void inventory_too_many(struct inventory *inv, const char *database)
{
        inventory_limit(inv, "%s: more than %d packages; the others are missing", database + 1,
                        MOST_PACKAGES);
}

void inventory_limit(struct inventory *inv, const char *format, ...)
{
        char text[512];
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (inv->limits.count && !strcmp(inv->limits.items[inv->limits.count - 1], text))
                return;
        const char *copy = inv->limits.count < MOST_LIMITS ? arena_strdup(&inv->arena, text) : NULL;
        const char **slot = copy ? vec_add(&inv->limits) : NULL;
        if (slot)
                *slot = copy;
        else
                inv->limits_more++;
}

struct package *inventory_add(struct inventory *inv)
{
        const struct candidate *c = inv->candidate;
        const char *path = c ? arena_strdup(&inv->arena, c->path) : NULL;
        struct package *p = c && !path ? NULL : vec_add(&inv->packages);
        if (p)
                *p = (struct package){.root = inv->root_id, .path = path, .owner = c ? c->owner : NULL};
        return p;
}

bool inventory_is_late(const struct inventory *inv)
{
        return inv->hints.until && clock_boottime() >= inv->hints.until;
}

/* ---- where they look ---------------------------------------------------------------------------------- */

static int depend(struct inventory *inv, const char *path, int fd)
{
        if (!inv->reading || !inv->recall || (inv->candidate && !strcmp(inv->candidate->path, path)))
                return 0;
        return recall_depend(inv->recall, path, fd < 0 ? fd : 0, fd);
}

int inventory_open(struct inventory *inv, const char *path)
{
        int fd = file_open_in(inv->root_fd, path);
        inv->denied |= fd == -EACCES || fd == -EPERM;
        if (depend(inv, path, fd) < 0) {
                if (fd >= 0)
                        close(fd);
                return -ENOMEM;
        }
        return fd;
}

int inventory_read_file(struct inventory *inv, const char *path, struct buf *to)
{
        _cleanup_close_ int fd = inventory_open(inv, path);
        return fd < 0 ? fd : file_read_fd(fd, to);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int inventory_list(struct inventory *inv, const char *path, inventory_entry handler, void *context)
{
        _cleanup_arena_ struct arena arena = ARENA_INIT(256 << 20);
        VEC(const char *) names = {};
        int fd = file_open_dir_in(inv->root_fd, path);
        int r = depend(inv, path, fd);
        if (fd < 0 || r < 0) {
                if (fd >= 0)
                        close(fd);
                return r < 0 ? r : fd;
        }
        DIR *folder = fdopendir(fd);
        if (!folder) {
                close(fd);
                return -ENOMEM;
        }
        for (struct dirent *d; r == 0 && names.count < MOST_ENTRIES && (d = readdir(folder));) {
                if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
                        continue;
                const char *copy = arena_strdup(&arena, d->d_name);
                const char **slot = copy ? vec_add(&names) : NULL;
                if (slot)
                        *slot = copy;
                else
                        r = -ENOMEM;
        }
        bool more = names.count >= MOST_ENTRIES && readdir(folder);
        closedir(folder);
        if (more)
                inventory_limit(inv, "%s: more than %d files; the others were left out", path, MOST_ENTRIES);
        if (names.count)
                qsort(names.items, names.count, sizeof(*names.items), compare_names);
        for (size_t i = 0; r == 0 && i < names.count; i++)
                r = handler(context, inv, names.items[i]);
        vec_done(&names);
        return r;
}

size_t inventory_join(const char *folder, const char *relative, char *to, size_t room)
{
        size_t size = 0;
        const char *const parts[] = {*relative == '/' ? "" : folder, relative};
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                struct span rest = span_of(parts[i]), name;
                while (span_cut(&rest, '/', &name)) {
                        if (!name.size || span_equal(name, "."))
                                continue;
                        if (span_equal(name, "..")) {
                                while (size && to[--size] != '/')
                                        ;
                                continue;
                        }
                        if (size + name.size + 2 > room)
                                return 0;
                        to[size++] = '/';
                        memcpy(to + size, name.data, name.size);
                        size += name.size;
                }
        }
        to[size] = '\0';
        return size;
}

char *inventory_resolve(struct inventory *inv, const char *folder, const char *relative)
{
        char path[LONGEST_PATH];
        size_t size = inventory_join(folder, relative, path, sizeof(path));
        return size ? arena_strndup(&inv->arena, path, size) : NULL;
}
