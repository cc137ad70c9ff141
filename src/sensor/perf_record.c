/* SPDX-License-Identifier: Apache-2.0 */

/* A record is header, body, and at its very end who and when: {u32 pid, tid; u64 time}. What lies between
 * the fixed body and that end is the padded path. */

#include "sensor/perf_record.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>

/* linux/perf_event.h, PERF_RECORD_MMAP2 */
struct body_map {
        uint32_t pid, tid;
        uint64_t address, size, offset;
        uint32_t major, minor;
        uint64_t inode, generation;
        uint32_t protection, flags;
};

struct body_lost {
        uint64_t id, lost;
};

struct body_comm {
        uint32_t pid, tid;
};

struct sample_id {
        uint32_t pid, tid;
        uint64_t time;
};

enum { MINOR_BITS = 20 }; /* linux/kdev_t.h */

static int decode_map(const char *body, size_t size, uint16_t misc, struct perf_record *p)
{
        struct body_map map;
        if (size < sizeof(map) || misc & PERF_RECORD_MISC_MMAP_BUILD_ID)
                return -EBADMSG;
        memcpy(&map, body, sizeof(map));
        const char *path = body + sizeof(map);
        if (!memchr(path, 0, size - sizeof(map)))
                return -EBADMSG;
        p->kind = PERF_RECORD_IS_MAP;
        p->tgid = map.pid;
        p->tid = map.tid;
        p->address = map.address;
        p->size = map.size;
        p->offset = map.offset;
        p->inode = map.inode;
        p->generation = map.generation;
        p->device = map.major << MINOR_BITS | (map.minor & ((1u << MINOR_BITS) - 1));
        p->unprobed = map.protection & PROT_WRITE || map.flags & MAP_SHARED;
        p->path = path;
        return 0;
}

static int decode_comm(const char *body, size_t size, struct perf_record *p)
{
        struct body_comm comm;
        if (size < sizeof(comm) || !memchr(body + sizeof(comm), 0, size - sizeof(comm)))
                return -EBADMSG;
        memcpy(&comm, body, sizeof(comm));
        p->kind = PERF_RECORD_IS_COMM;
        p->tgid = comm.pid;
        p->tid = comm.tid;
        p->comm = body + sizeof(comm);
        return 0;
}

static int decode_lost(const char *body, size_t size, struct perf_record *p)
{
        struct body_lost lost;
        if (size < sizeof(lost))
                return -EBADMSG;
        memcpy(&lost, body, sizeof(lost));
        p->kind = PERF_RECORD_IS_LOST;
        p->lost = lost.lost;
        return 0;
}

int perf_record_decode(const void *record, size_t size, struct perf_record *ret)
{
        struct perf_event_header header;
        struct sample_id id;
        if (size < sizeof(header))
                return -EBADMSG;
        memcpy(&header, record, sizeof(header));
        if (header.size != size || size < sizeof(header) + sizeof(id))
                return -EBADMSG;
        const char *body = (const char *)record + sizeof(header);
        size_t body_size = size - sizeof(header) - sizeof(id);
        memcpy(&id, body + body_size, sizeof(id));
        struct perf_record p = {.kind = PERF_RECORD_IS_OTHER, .time = id.time};
        int r = 0;
        if (header.type == PERF_RECORD_MMAP2)
                r = decode_map(body, body_size, header.misc, &p);
        else if (header.type == PERF_RECORD_LOST)
                r = decode_lost(body, body_size, &p);
        else if (header.type == PERF_RECORD_COMM)
                r = decode_comm(body, body_size, &p);
        if (r < 0)
                return r;
        *ret = p;
        return 0;
}
