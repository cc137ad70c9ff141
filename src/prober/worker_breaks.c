/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel sets probes where a file is mapped and where it is registered, in mappings that are not
 * writable then (kernel/events/uprobes.c, valid_vma): what became executable later, or was written over, has
 * none. Pages with probes are the process's own and in memory, so that reading them makes nothing. */

#include "prober/worker_jobs.h"

#include "base/file.h"
#include "evidence/native_break.h"
#include "format/procfs.h"
#include "memory/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAPS_TEXT = 64 << 20 };

/* The mapping that holds this address, as it is now. */
static bool mapping_at(int pid, uint64_t address, struct buf *text, struct procfs_mapping *ret)
{
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
        if (file_read_at(AT_FDCWD, path, text) < 0)
                return false;
        struct span rest = {text->data, text->size};
        while (procfs_mapping_next(&rest, ret))
                if (address >= ret->start && address < ret->end)
                        return true;
        return false;
}

static bool is_trampoline(int pid, uint64_t address)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MAPS_TEXT);
        struct procfs_mapping m;
        return mapping_at(pid, address, &text, &m) && span_equal(m.path, NATIVE_TRAMPOLINE);
}

static bool is_set(struct remote *remote, const struct remote_piece *piece)
{
        uint8_t distance[4];
        if (native_is_break(piece->to))
                return true;
        return native_may_be_call(piece->to) &&
               remote_read_all(remote, piece->address + NATIVE_BREAK, distance, sizeof(distance)) == 0 &&
               is_trampoline(remote->pid, native_call_target(piece->address, distance));
}

/* It may have ended, or unmapped the file, since it was looked at. */
static bool is_mapped_so(const struct probe_job *job)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MAPS_TEXT);
        struct procfs_mapping m;
        return mapping_at(job->pid, job->start, &text, &m) && m.start == job->start && m.end == job->end &&
               m.offset == job->offset && m.executable && m.path.size;
}

/* 1: one is missing; 0; -EAGAIN: somewhere nothing could be read; or what hinders all of it. */
static int find_missing(struct remote *remote, struct remote_piece *pieces, size_t count)
{
        int r = remote_read_pieces(remote, pieces, count);
        for (size_t i = 0; r == 0 && i < count; i++)
                r = pieces[i].got < NATIVE_BREAK ? -EAGAIN : !is_set(remote, &pieces[i]);
        return r;
}

int worker_breaks(const struct probe_job *job, struct buf *reply)
{
        _cleanup_remote_ struct remote remote = REMOTE_INIT(job->pid);
        _cleanup_free_ struct remote_piece *pieces = calloc(job->site_count + 1, sizeof(*pieces));
        _cleanup_free_ uint8_t *bytes = calloc(job->site_count + 1, NATIVE_BREAK);
        size_t count = 0;
        if (!pieces || !bytes)
                return -ENOMEM;
        if (!job->pid || job->start >= job->end)
                return -EINVAL;
        for (size_t i = 0; i < job->site_count; i++) {
                uint64_t at = job->sites[i] - job->offset;
                if (job->sites[i] < job->offset || at >= job->end - job->start)
                        continue;
                pieces[count] = (struct remote_piece){
                        .address = job->start + at, .to = bytes + count * NATIVE_BREAK, .size = NATIVE_BREAK};
                count++;
        }
        int r = find_missing(&remote, pieces, count);
        if (r > 0 && !is_mapped_so(job))
                r = -EAGAIN;
        if (r < 0)
                return r;
        wire_put_u64(reply, (uint64_t)r);
        return 0;
}
