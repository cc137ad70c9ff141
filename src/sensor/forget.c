/* SPDX-License-Identifier: Apache-2.0 */

/* The kernel hands out whole buckets of the map only, and says so when one is larger than what it was given:
 * then there is twice as much, at most as much as the map can hold. Each answer is of later buckets than the
 * one before, so that it ends. */

#include "sensor/state.h"

#include <bpf/bpf.h>
#include <errno.h>

enum { BATCH = 1024, BATCH_MOST = 16384 }; /* entries; the most that `files` of bpf/dedup.bpf.h has */

/* A key of the map `files`. */
struct file_fact {
        uint64_t cgroup, address, inode, generation;
};

struct batch {
        struct file_fact *keys;
        uint32_t *values;
        uint32_t room;
};

static void batch_done(struct batch *b)
{
        free(b->keys);
        free(b->values);
}

static int batch_grow(struct batch *b)
{
        uint32_t room = b->room ? 2 * b->room : BATCH;
        if (room > BATCH_MOST)
                return -ENOSPC;
        struct batch more = {calloc(room, sizeof(*b->keys)), calloc(room, sizeof(*b->values)), room};
        if (!more.keys || !more.values) {
                batch_done(&more);
                return -ENOMEM;
        }
        batch_done(b);
        *b = more;
        return 0;
}

static bool is_among(uint64_t inode, const uint64_t *inodes, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (inodes[i] == inode)
                        return true;
        return !inodes;
}

int sensor_forget_mappings(struct sensor *s, const uint64_t *inodes, size_t count)
{
        _cleanup_(batch_done) struct batch b = {};
        struct file_fact from = {}, to = {}; /* of which the kernel uses the first word */
        bool first = true;
        if (s->uses_perf) {
                if (!inodes)
                        dedup_forget_all(&s->dedup);
                for (size_t i = 0; inodes && i < count; i++)
                        dedup_forget(&s->dedup, inodes[i]);
                return 0;
        }
        int fd = programs_map(&s->programs, "files"), r = fd < 0 ? -ENOENT : batch_grow(&b);
        while (r == 0) {
                uint32_t got = b.room;
                r = bpf_map_lookup_batch(fd, first ? NULL : &from, &to, b.keys, b.values, &got, NULL);
                if (r == -ENOSPC) {
                        r = batch_grow(&b);
                        continue;
                }
                if (r < 0 && r != -ENOENT) /* the last ones come with that */
                        break;
                for (uint32_t i = 0; i < got; i++)
                        if (is_among(b.keys[i].inode, inodes, inodes ? count : 0))
                                bpf_map_delete_elem(fd, &b.keys[i]);
                from = to;
                first = false;
        }
        return r == -ENOENT ? 0 : r;
}
