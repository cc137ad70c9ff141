/* SPDX-License-Identifier: Apache-2.0 */

/* A Go executable carries the list of the modules that were linked into it. */

#include "inventory/inventory.h"

#include "format/go_buildinfo.h"
#include "host/runtime.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MOST_BYTES = 2047 << 20 };

static int add(package_list *to, const char *root_id, const char *path, const char *name, const char *version)
{
        struct package *p = vec_add(to);
        if (!p)
                return -ENOMEM;
        *p = (struct package){.root = root_id,
                              .ecosystem = "Go",
                              .name = name,
                              .version = version,
                              .source = name,
                              .source_version = version,
                              .path = path,
                              .runtimes = RUNTIME_NATIVE};
        return 0;
}

static int add_modules(const struct go_buildinfo *info, const char *root_id, const char *path,
                       package_list *to)
{
        const char *version = str_starts(info->go_version, "go") ? info->go_version + 2 : NULL;
        int r = add(to, root_id, path, "stdlib", version);
        vec_each (m, &info->modules)
                if (r == 0)
                        r = add(to, root_id, path, m->path, m->version);
        return r;
}

int inventory_go_modules(int fd, const char *root_id, const char *path, struct arena *a, package_list *to)
{
        struct stat s;
        if (fstat(fd, &s) < 0)
                return -errno;
        if (!S_ISREG(s.st_mode) || s.st_size < 64 || s.st_size > MOST_BYTES)
                return 0;
        /* A file that is cut while it is mapped ends the worker, which is replaced. */
        size_t size = (size_t)s.st_size;
        void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
                return -errno;
        struct elf elf;
        struct go_buildinfo info = {};
        int r = elf_open((struct span){bytes, size}, &elf);
        if (r == 0)
                r = go_buildinfo_parse(&elf, a, &info);
        munmap(bytes, size);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        const char *root = arena_strdup(a, root_id), *where = arena_strdup(a, path);
        r = root && where ? add_modules(&info, root, where, to) : -ENOMEM;
        vec_done(&info.modules);
        return r;
}
