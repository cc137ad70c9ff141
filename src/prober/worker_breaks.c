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

struct checking {
        const struct probe_job *job;
        struct remote remote;
        struct remote_piece *places; /* of all pieces, one behind the other */
        struct buf maps;             /* what is mapped, read behind the places */
        bool maps_read;
};

static void checking_done(struct checking *c)
{
        remote_done(&c->remote);
        free(c->places);
        buf_done(&c->maps);
}

/* The mapping that holds this address. */
static bool mapping_at(struct checking *c, uint64_t address, struct procfs_mapping *ret)
{
        char path[32];
        snprintf(path, sizeof(path), "/proc/%d/maps", c->job->pid);
        if (!c->maps_read && file_read_at(AT_FDCWD, path, &c->maps) < 0)
                return false;
        c->maps_read = true;
        struct span rest = {c->maps.data, c->maps.size};
        while (procfs_mapping_next(&rest, ret))
                if (address >= ret->start && address < ret->end)
                        return true;
        return false;
}

static bool is_trampoline(struct checking *c, uint64_t address)
{
        struct procfs_mapping m;
        return mapping_at(c, address, &m) && span_equal(m.path, NATIVE_TRAMPOLINE);
}

static bool is_set(struct checking *c, const struct remote_piece *place)
{
        uint8_t distance[4];
        if (native_is_break(place->to))
                return true;
        return native_may_be_call(place->to) &&
               remote_read_all(&c->remote, place->address + NATIVE_BREAK, distance, sizeof(distance)) == 0 &&
               is_trampoline(c, native_call_target(place->address, distance));
}

/* It may have ended, or unmapped the file, since it was looked at. */
static bool is_mapped_so(struct checking *c, const struct probe_piece *piece)
{
        struct procfs_mapping m;
        return mapping_at(c, piece->start, &m) && m.start == piece->start && m.end == piece->end &&
               m.offset == piece->offset && m.executable && m.path.size;
}

static enum break_state state_of(struct checking *c, const struct probe_piece *piece,
                                 const struct remote_piece *places, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (places[i].got < NATIVE_BREAK)
                        return BREAKS_UNREAD;
                if (!is_set(c, &places[i]))
                        return is_mapped_so(c, piece) ? BREAKS_MISSING : BREAKS_UNREAD;
        }
        return BREAKS_SET;
}

/* The sites that are mapped; their code goes to `bytes`. Returns how many they are. */
static size_t list_places(const struct probe_piece *piece, struct remote_piece *to, uint8_t *bytes)
{
        size_t count = 0;
        for (size_t i = 0; i < piece->site_count; i++) {
                uint64_t at = piece->sites[i] - piece->offset;
                if (piece->sites[i] < piece->offset || at >= piece->end - piece->start)
                        continue;
                to[count] = (struct remote_piece){.address = piece->start + at,
                                                  .to = bytes + count * NATIVE_BREAK,
                                                  .size = NATIVE_BREAK};
                count++;
        }
        return count;
}

static int check(struct checking *c, uint8_t *bytes, struct buf *reply)
{
        const struct probe_job *job = c->job;
        size_t counts[PROBE_PIECES_MOST], all = 0;
        for (size_t i = 0; i < job->piece_count; i++) {
                counts[i] = list_places(&job->pieces[i], c->places + all, bytes + all * NATIVE_BREAK);
                all += counts[i];
        }
        int r = remote_read_pieces(&c->remote, c->places, all);
        if (r < 0)
                return r;
        const struct remote_piece *places = c->places;
        for (size_t i = 0; i < job->piece_count; places += counts[i++])
                wire_put_u64(reply, state_of(c, &job->pieces[i], places, counts[i]));
        return 0;
}

int worker_breaks(const struct probe_job *job, struct buf *reply)
{
        size_t most = 1;
        if (!job->pid || job->piece_count > PROBE_PIECES_MOST)
                return -EINVAL;
        for (size_t i = 0; i < job->piece_count; i++) {
                if (job->pieces[i].start >= job->pieces[i].end)
                        return -EINVAL;
                most += job->pieces[i].site_count;
        }
        _cleanup_(checking_done) struct checking c = {.job = job,
                                                      .remote = REMOTE_INIT(job->pid),
                                                      .places = calloc(most, sizeof(*c.places)),
                                                      .maps = BUF_INIT(MAPS_TEXT)};
        _cleanup_free_ uint8_t *bytes = calloc(most, NATIVE_BREAK);
        return c.places && bytes ? check(&c, bytes, reply) : -ENOMEM;
}
