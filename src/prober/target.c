/* SPDX-License-Identifier: Apache-2.0 */

/* What is looked into is an image of the process, never the process: its areas and pages as procfs tells
 * them. */

#include "prober/target.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "format/procfs.h"
#include "host/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum {
        MOST_FORKS = 64, /* ancestors that are asked for the start of a program */
        MAPS_TEXT = 64 << 20,
        MOST_AREAS = 262144, /* vm.max_map_count may be raised */
        AREAS_MEMORY = 128 << 20,
};

void target_done(struct target *t)
{
        remote_done(&t->remote);
        if (t->pagemap >= 0)
                close(t->pagemap);
        arena_done(&t->arena);
        free(t->areas);
}

static int read_pieces(void *context, struct remote_piece *pieces, size_t count)
{
        return remote_read_pieces(&((struct target *)context)->remote, pieces, count);
}

static int read_presence(void *context, uint64_t page, uint64_t *to, size_t count)
{
        struct target *t = context;
        uint64_t words[512];
        if (count > ARRAY_SIZE(words))
                return -EINVAL;
        uint64_t first = page / t->spread;
        size_t wanted = (size_t)((page + count - 1) / t->spread - first + 1);
        ssize_t got = pread(t->pagemap, words, wanted * sizeof(*words), (off_t)(first * sizeof(*words)));
        if (got < 0)
                return -errno;
        for (size_t n = 0; n < count; n++) {
                size_t at = (size_t)((page + n) / t->spread - first);
                to[n] = (at + 1) * sizeof(*words) <= (size_t)got ? words[at] : 0;
        }
        return 0;
}

static int read_areas(int pid, struct target *t)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MAPS_TEXT);
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
        int r = file_read_at(AT_FDCWD, path, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        struct span rest = {text.data, text.size};
        struct procfs_mapping m;
        VEC(struct image_area) areas = {};
        while (procfs_mapping_next(&rest, &m) && areas.count < MOST_AREAS) {
                struct image_area *area = vec_add(&areas);
                const char *name =
                        area ? m.path.size ? arena_strndup(&t->arena, m.path.data, m.path.size) : "" : NULL;
                if (!name) {
                        vec_done(&areas);
                        return -ENOMEM;
                }
                *area = (struct image_area){.start = m.start,
                                            .end = m.end,
                                            .offset = m.offset,
                                            .readable = m.readable,
                                            .writable = m.writable,
                                            .executable = m.executable,
                                            .shared = m.shared,
                                            .deleted = m.deleted,
                                            .device = m.device,
                                            .inode = m.inode,
                                            .path = name};
        }
        t->areas = areas.items;
        t->area_count = areas.count;
        return t->area_count ? 0 : -ESRCH;
}

int target_open(int pid, struct target *t)
{
        char path[64];
        long page = sysconf(_SC_PAGESIZE);
        *t = (struct target){.remote = REMOTE_INIT(pid), .pagemap = -1, .arena = ARENA_INIT(AREAS_MEMORY)};
        t->spread = page > IMAGE_PAGE ? (unsigned)(page / IMAGE_PAGE) : 1;
        int r = read_areas(pid, t);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
        t->pagemap = open(path, O_RDONLY | O_CLOEXEC);
        return t->pagemap < 0 ? errno == ENOENT ? -ESRCH : -errno : 0;
}

struct image_source target_source(struct target *t)
{
        return (struct image_source){t, read_pieces, read_presence};
}

static int stat_read(int pid, struct procfs_stat *ret)
{
        _cleanup_buf_ struct buf text = BUF_INIT(65536);
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        int r = file_read_at(AT_FDCWD, path, &text);
        return r < 0 ? r : procfs_stat_parse((struct span){text.data, text.size}, ret);
}

/* Boottime ns, cut as struct process.start is. */
static uint64_t start_in(const struct procfs_stat *stat)
{
        return stat->start_ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK)) / PROCESS_START_GRAIN *
               PROCESS_START_GRAIN;
}

uint64_t target_start(int pid)
{
        struct procfs_stat stat;
        return stat_read(pid, &stat) < 0 ? 0 : start_in(&stat);
}

/* When the program was started that the process runs: before the process, where it was forked from one that
 * ran already. Whose forker has ended belongs to another parent, which is older still: then it is a bound
 * only. */
uint64_t target_program_start(int pid, bool *ret_forked)
{
        struct procfs_stat stat;
        uint64_t start = 0;
        *ret_forked = false;
        for (unsigned depth = 0; depth < MOST_FORKS && pid > 0 && stat_read(pid, &stat) == 0; depth++) {
                start = start ? MIN(start, start_in(&stat)) : start_in(&stat);
                if (!(stat.flags & PROCFS_FORKED))
                        break;
                *ret_forked = true;
                pid = stat.ppid;
        }
        return start;
}
