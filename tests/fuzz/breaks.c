/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_break.h"
#include "memory/image.h"
#include "prober/worker_jobs.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input: how the mapping is told of, how many places are asked for, the places, and the code. */
struct question {
        uint8_t offset, cut, count, elsewhere;
};

enum { SITES = 16, PAGES = 2, SPACE = PAGES * IMAGE_PAGE };

/* A mapping of a file, and a page behind it. */
static char *map_code(const uint8_t *code, size_t size)
{
        static char *space;
        _cleanup_close_ int fd = memfd_create("code", MFD_CLOEXEC);
        if (!space)
                space = mmap(NULL, SPACE + IMAGE_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fd < 0 || space == MAP_FAILED || ftruncate(fd, SPACE) < 0 ||
            write(fd, code, size) != (ssize_t)size)
                abort();
        if (mmap(space, SPACE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
                abort();
        return space;
}

/* Nothing is optimised here, so that only breakpoints count. */
static enum break_state expected(const struct probe_piece *piece, bool as_told)
{
        for (size_t i = 0; i < piece->site_count; i++) {
                uint64_t address = piece->start + (piece->sites[i] - piece->offset);
                if (piece->sites[i] < piece->offset ||
                    piece->sites[i] - piece->offset >= piece->end - piece->start)
                        continue;
                if (!native_is_break((const uint8_t *)(uintptr_t)address))
                        return as_told ? BREAKS_MISSING : BREAKS_UNREAD;
        }
        return BREAKS_SET;
}

/* One missing breakpoint is told, and only of a mapping that is there as the question says. A piece that
 * is told of rightly stands before it, and one without any site behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct question q;
        uint64_t sites[SITES];
        if (size < sizeof(q))
                return 0;
        memcpy(&q, data, sizeof(q));
        size_t count = MIN((size_t)q.count % (SITES + 1), (size - sizeof(q)) / 2);
        const uint8_t *code = data + sizeof(q) + 2 * count;
        size_t code_size = MIN(size - sizeof(q) - 2 * count, (size_t)SPACE);
        char *space = map_code(code, code_size);
        for (size_t i = 0; i < count; i++)
                sites[i] = data[sizeof(q) + 2 * i] | (uint64_t)data[sizeof(q) + 2 * i + 1] << 8;
        struct probe_piece whole = {.start = (uintptr_t)space, .end = (uintptr_t)space + SPACE};
        struct probe_piece pieces[] = {whole, whole, whole};
        pieces[1].end -= q.cut % PAGES * IMAGE_PAGE;
        pieces[1].offset = q.offset % 4;
        for (int i = 0; i < 2; i++) {
                pieces[i].sites = sites;
                pieces[i].site_count = count;
        }
        struct probe_job job = {.pid = getpid(), .pieces = pieces, .piece_count = ARRAY_SIZE(pieces)};
        bool as_told = !pieces[1].offset && q.cut % PAGES == 0;
        _cleanup_buf_ struct buf reply = BUF_INIT(4096);
        if (worker_breaks(&job, &reply) < 0)
                abort();
        struct wire answer = WIRE_INIT(reply.data, reply.size);
        if (wire_get_u64(&answer) != expected(&pieces[0], true) ||
            wire_get_u64(&answer) != expected(&pieces[1], as_told) || wire_get_u64(&answer) != BREAKS_SET)
                abort();
        return 0;
}
