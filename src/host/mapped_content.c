/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mapped_file.h"

#include "base/digest.h"
#include "base/file.h"
#include "format/elf.h"
#include "host/runtime.h"
#include "memory/remote.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* The file is mapped, not read: of a large program only the pages with notes and symbols are touched. If
 * somebody truncates it meanwhile the job fails (src/prober/serve.c). */

enum {
        CONSTANTS = 64 << 20,  /* bytes of constants that are looked through for an interpreter */
        HASHED = 512 << 20,    /* bytes: files without a build-id are hashed up to this size */
        HEAD_SIZE = 64 * 1024, /* bytes of an image in memory: headers and notes come first */
};

struct bytes {
        void *data;
        size_t size;
};

static void bytes_done(struct bytes *b)
{
        if (b->data)
                munmap(b->data, b->size);
}

static int take_symbol(void *context, const char *name)
{
        *(uint32_t *)context |= runtime_of_symbol(name);
        return 0;
}

/* A program may hold an interpreter that nothing is exported of. The constants of libraries are not read for
 * that: there are many. */
static uint32_t hidden_runtimes(const struct elf *elf)
{
        struct span found;
        if (elf_section(elf, ".PyRuntime", &found) == 0) /* from 3.11 on, Python/pylifecycle.c */
                return RUNTIME_PYTHON;
        bool program = elf->type == ET_EXEC || elf_section(elf, ".interp", &found) == 0;
        return program && elf_section(elf, ".rodata", &found) == 0 && found.size <= CONSTANTS
                       ? runtime_of_constants(found)
                       : 0;
}

static int take_build_id(const struct elf *elf, struct arena *a, struct mapped_file *to)
{
        char id[ELF_BUILD_ID];
        if (elf_build_id(elf, id) < 0)
                return 0;
        to->object = arena_printf(a, "build-id:%s", id);
        return to->object ? 0 : -ENOMEM;
}

static int take_soname(const struct elf *elf, struct arena *a, struct mapped_file *to)
{
        struct span name = elf_soname(elf);
        if (!name.size || name.size >= NAME_MAX || memchr(name.data, '/', name.size))
                return 0;
        to->soname = arena_strndup(a, name.data, name.size);
        return to->soname ? 0 : -ENOMEM;
}

static int take_digest(int fd, struct arena *a, struct mapped_file *to)
{
        char hex[DIGEST_HEX];
        int r = digest_file(fd, HASHED, hex);
        if (r == -EFBIG)
                to->unreadable = "it has no build-id and is too large to be hashed";
        else if (r < 0)
                to->unreadable = strerror(-r);
        else
                to->object = arena_printf(a, "sha256:%s", hex);
        return to->object || to->unreadable ? 0 : -ENOMEM;
}

static int examine_file(int fd, struct arena *a, struct mapped_file *to)
{
        _cleanup_(bytes_done) struct bytes b = {};
        struct stat st;
        if (fstat(fd, &st) < 0) {
                to->unreadable = strerror(errno);
                return 0;
        }
        b.size = (size_t)st.st_size;
        int r = b.size ? file_map_fd(fd, b.size, &b.data) : 0;
        if (r < 0) {
                to->unreadable = strerror(-r);
                return 0;
        }
        struct elf elf;
        r = elf_open((struct span){b.data ? b.data : "", b.size}, &elf);
        if (r == 0) {
                to->elf = true;
                elf_exported(&elf, take_symbol, &to->runtimes);
                if (!to->runtimes)
                        to->runtimes = hidden_runtimes(&elf);
                r = take_build_id(&elf, a, to);
                if (r == 0)
                        r = take_soname(&elf, a, to);
                if (r < 0)
                        return r;
        }
        return to->object ? 0 : take_digest(fd, a, to);
}

/* The file itself is out of reach; its first pages may be in the process's memory. */
static int examine_memory(int pid, uint64_t start, uint64_t offset, struct arena *a, struct mapped_file *to)
{
        _cleanup_remote_ struct remote remote = REMOTE_INIT(pid);
        char head[HEAD_SIZE];
        struct elf elf;
        if (offset != 0 || !pid)
                return 0;
        ssize_t got = remote_read(&remote, start, head, sizeof(head));
        if (got <= 0 || elf_open((struct span){head, (size_t)got}, &elf) < 0)
                return 0;
        to->elf = true;
        return take_build_id(&elf, a, to);
}

int mapped_file_examine(int fd, int pid, uint64_t start, uint64_t offset, struct arena *a,
                        struct mapped_file *ret)
{
        struct mapped_file found = *ret;
        found.object = found.soname = found.unreadable = NULL;
        found.runtimes = 0;
        found.elf = false;
        int r = fd >= 0 ? examine_file(fd, a, &found) : examine_memory(pid, start, offset, a, &found);
        if (r == 0)
                *ret = found;
        return r;
}
