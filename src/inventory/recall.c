/* SPDX-License-Identifier: Apache-2.0 */

/* Identity is inode, size, mtime and ctime: ctime moves with every write and cannot be set back. */

#include "inventory/recall.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

enum { MEMORY = 256 << 20 };

struct recall *recall_new(void)
{
        struct recall *r = calloc(1, sizeof(*r));
        if (r)
                r->arena = ARENA_INIT(MEMORY);
        return r;
}

struct recall *recall_free(struct recall *r)
{
        if (!r)
                return NULL;
        map_done(&r->by_path);
        vec_done(&r->readings);
        vec_done(&r->dependencies);
        vec_done(&r->claims);
        arena_done(&r->arena);
        free(r);
        return NULL;
}

/* Few readers look at one path: the readings of a path form a chain. */
static int index_all(struct recall *r)
{
        for (; r->indexed < r->readings.count; r->indexed++) {
                struct reading *reading = &r->readings.items[r->indexed];
                reading->next = (uint32_t)(uintptr_t)map_get_str(&r->by_path, reading->path);
                int put = map_put_str(&r->by_path, reading->path, (void *)(uintptr_t)(r->indexed + 1));
                if (put < 0)
                        return put;
        }
        return 0;
}

const struct reading *recall_of(struct recall *r, const void *reader, const char *path)
{
        if (index_all(r) < 0)
                return NULL;
        uint32_t next = (uint32_t)(uintptr_t)map_get_str(&r->by_path, path);
        while (next && r->readings.items[next - 1].reader != reader)
                next = r->readings.items[next - 1].next;
        return next ? &r->readings.items[next - 1] : NULL;
}

const struct reading *recall_find(struct recall *r, const void *reader, const char *path,
                                  const struct walk_identity *identity)
{
        const struct reading *reading = recall_of(r, reader, path);
        return reading && !reading->tangled && walk_same(&reading->identity, identity) ? reading : NULL;
}

void recall_rest(struct recall *r)
{
        map_done(&r->by_path);
        r->indexed = 0;
        vec_trim(&r->readings);
        vec_trim(&r->dependencies);
        vec_trim(&r->claims);
}

static bool depends_still(const struct dependency *d, int root_fd)
{
        struct walk_identity now;
        uint32_t mode;
        struct open_how how = {.flags = O_PATH | O_CLOEXEC,
                               .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
        int fd = (int)syscall(SYS_openat2, root_fd, d->path, &how, sizeof(how));
        if (fd < 0)
                fd = file_open_in(root_fd, d->path); /* kernels without openat2; and says why not */
        if (fd < 0)
                return d->error == fd;
        bool same = !d->error && walk_identify(fd, &now, &mode) == 0 && walk_same(&now, &d->identity);
        close(fd);
        return same;
}

bool recall_holds(const struct recall *r, const struct reading *reading, int root_fd)
{
        for (size_t i = 0; i < reading->dependencies.count; i++)
                if (!depends_still(&r->dependencies.items[reading->dependencies.first + i], root_fd))
                        return false;
        return true;
}

int recall_depend(struct recall *r, const char *path, int error, int fd)
{
        uint32_t mode;
        struct reading *reading = &r->readings.items[r->readings.count - 1];
        struct dependency *d = vec_add(&r->dependencies);
        if (!d)
                return -ENOMEM;
        reading->dependencies.count++;
        d->path = arena_strdup(&r->arena, path);
        d->error = error;
        if (!error)
                d->error = walk_identify(fd, &d->identity, &mode);
        return d->path ? 0 : -ENOMEM;
}

int recall_claim(struct recall *r, uint64_t hash, size_t package)
{
        struct reading *reading = &r->readings.items[r->readings.count - 1];
        if (package < reading->packages.first) {
                reading->tangled = true;
                return 0;
        }
        struct claim *c = vec_add(&r->claims);
        if (!c)
                return -ENOMEM;
        *c = (struct claim){hash, (uint32_t)(package - reading->packages.first)};
        reading->claims.count++;
        return 0;
}
