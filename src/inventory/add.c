/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/add.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct package *inventory_add_named(struct inventory *inv, const char *ecosystem, const char *name,
                                    const char *version, uint32_t runtimes, enum package_method method)
{
        struct package *p = inventory_add(inv);
        if (!p)
                return NULL;
        p->ecosystem = ecosystem;
        p->name = p->source = name;
        p->version = p->source_version = version;
        p->runtimes = runtimes;
        p->method = (uint8_t)method;
        return p;
}

const char *inventory_folder(struct inventory *inv, const char *path, int up)
{
        size_t size = strlen(path);
        for (; up > 0; up--) {
                const char *slash = memrchr(path, '/', size);
                size = slash ? (size_t)(slash - path) : 0;
        }
        return arena_strndup(&inv->arena, path, size);
}

int inventory_map(struct inventory *inv, const char *path, size_t most, struct span *ret)
{
        struct stat s;
        _cleanup_close_ int fd = inventory_open(inv, path);
        if (fd < 0)
                return fd;
        if (fstat(fd, &s) < 0)
                return -errno;
        if (!s.st_size || (uint64_t)s.st_size > most)
                return s.st_size ? -EFBIG : -ENODATA;
        void *bytes = NULL;
        int r = file_map_fd(fd, (size_t)s.st_size, &bytes);
        if (r < 0)
                return r;
        *ret = (struct span){bytes, (size_t)s.st_size};
        return 0;
}

void inventory_unmap(struct span *mapped)
{
        if (mapped->data)
                munmap((void *)(uintptr_t)mapped->data, mapped->size);
        *mapped = (struct span){};
}

/* Names and versions of packages are a few dozen bytes; what is longer is crafted, and would break the
 * limits of keys. */
bool inventory_is_sane(const struct package *p)
{
        const char *const texts[] = {p->name, p->version, p->arch, p->source, p->source_version};
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (texts[i] && strlen(texts[i]) > INVENTORY_LONGEST_NAME)
                        return false;
        return !p->path || strlen(p->path) <= PATH_MAX;
}
