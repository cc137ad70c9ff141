/* SPDX-License-Identifier: Apache-2.0 */

/* The way of a record: ring and perf buffers → one order of time → (during the proof) taken by the proof
 * or kept → handler. Perf buffers are always fetched before the ring: what a mapping needs to know about
 * its process was then committed to the ring before. */

#include "sensor/state.h"

#include "base/clock.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

enum { KEPT_FRAME = sizeof(uint32_t) };
enum { MEND_NS = 5000000000 };

static int deliver(struct sensor *s, const struct event *e)
{
        s->tallies[e->type].seen++;
        s->handler_result = s->handler(s->context, e);
        return s->handler_result ? -ECANCELED : 0; /* libbpf stops at negative values only */
}

static void keep(struct sensor *s, const void *record, uint32_t size, enum event_type type)
{
        size_t before = s->kept.size;
        buf_add(&s->kept, &size, sizeof(size));
        buf_add(&s->kept, record, size);
        if (!s->kept.error)
                return;
        s->kept.size = before;
        s->kept.error = 0;
        s->tallies[type].dropped++;
}

/* Any record in the form of bpf/event.h. */
static int take_record(struct sensor *s, const void *record, size_t size)
{
        struct event e;
        int r = event_decode(record, size, &e);
        if (r < 0) {
                if (r == -EPROTO)
                        s->unknown_records++;
                else
                        s->broken_records++;
                return 0;
        }
        if (s->proving && proof_take(&s->proof, &e)) {
                s->tallies[e.type].swallowed++;
                return 0;
        }
        if (!(s->types & 1u << e.type))
                return 0;
        if (s->proving || !s->handler) {
                keep(s, record, (uint32_t)size, e.type);
                return 0;
        }
        return deliver(s, &e);
}

static bool mapping_is_new(struct sensor *s, const struct perf_record *p, const struct event_header *who)
{
        struct dedup_key key = {
                .owner = who->cgroup ? who->cgroup : p->tgid,
                .by_process = !who->cgroup,
                .inode = p->inode,
                .generation = p->generation,
                .device = p->device,
                .path = (map_hash(p->path, strlen(p->path)) + 2 * p->unprobed) | 1,
        };
        if (s->keep_all || dedup_is_new(&s->dedup, &key))
                return true;
        uint64_t looked = s->perf_mapped ? s->perf_mapped[EVENT_MAPPED_LOOKED] : 0;
        if (who->start >= looked || !(s->perf_mapped[EVENT_MAPPED_INDEX(p->inode)] & EVENT_MAPPED_AGAIN))
                return false;
        key.owner = p->tgid;
        key.by_process = true;
        key.path = (key.path + looked) | 1;
        return dedup_is_new(&s->dedup, &key);
}

/* A mapping from perf, made into the record that the BPF program would have sent. */
static int take_mapping(struct sensor *s, const struct perf_record *p)
{
        static const struct event_header nobody;
        union {
                struct event_map map;
                char bytes[sizeof(struct event_map) + EVENT_PATH];
        } record = {};
        const struct event_header *who = process_table_find(&s->processes, p->tgid) ?: &nobody;
        s->tallies[EVENT_MAP].made++;
        if (s->perf_mapped)
                s->perf_mapped[EVENT_MAPPED_INDEX(p->inode)]++;
        if (!mapping_is_new(s, p, who)) {
                s->tallies[EVENT_MAP].deduplicated++;
                return 0;
        }
        /* Too long a path loses its front, and with it its slash. */
        size_t length = strlen(p->path), cut = length >= EVENT_PATH ? length + 1 - EVENT_PATH : 0;
        if (cut && p->path[cut] == '/')
                cut++;
        record.map = (struct event_map){
                .header = *who,
                .address = p->address,
                .size = p->size,
                .offset = p->offset,
                .inode = p->inode,
                .device = p->device,
                .generation = (uint32_t)p->generation,
                .unprobed = p->unprobed,
                .path_size = (uint16_t)(length - cut + 1),
        };
        memcpy(record.bytes + sizeof(record.map), p->path + cut, record.map.path_size);
        record.map.header.version = EVENT_VERSION;
        record.map.header.type = EVENT_MAP;
        record.map.header.size = (uint32_t)sizeof(record.map) + record.map.path_size;
        record.map.header.time = p->time;
        record.map.header.tgid = p->tgid;
        record.map.header.tid = p->tid;
        return take_record(s, record.bytes, record.map.header.size);
}

static int take_mappings_until(struct sensor *s, uint64_t time)
{
        struct perf_record p;
        int r = 0;
        while (r >= 0 && perf_buffers_take(&s->perf, time, &p)) {
                if (p.kind == PERF_RECORD_IS_MAP)
                        r = take_mapping(s, &p);
                else if (p.tgid == p.tid)
                        process_table_rename(&s->processes, p.tgid, p.comm);
        }
        return r;
}

static void take_cgroup(struct sensor *s, const void *record, size_t size)
{
        struct event_cgroup made;
        if (size < sizeof(made) || !s->cgroup_made)
                return;
        memcpy(&made, record, sizeof(made));
        if (memchr(made.path, 0, sizeof(made.path)))
                s->cgroup_made(s->cgroup_made_context, made.header.cgroup, made.path);
}

static int on_ring(void *context, void *record, size_t size)
{
        struct sensor *s = context;
        struct event_header header;
        int r = 0;
        if (size < sizeof(header))
                return take_record(s, record, size);
        memcpy(&header, record, sizeof(header));
        if (header.type == EVENT_CGROUP && header.version == EVENT_VERSION) {
                take_cgroup(s, record, size);
                return 0;
        }
        if (s->uses_perf && header.version == EVENT_VERSION) {
                r = take_mappings_until(s, header.time);
                process_table_learn(&s->processes, &header);
        }
        if (header.type == EVENT_MOVED && header.version == EVENT_VERSION) {
                if (s->moved)
                        s->moved(s->moved_context, (int)header.tgid, header.cgroup);
                return r;
        }
        int more = take_record(s, record, size);
        return r < 0 ? r : more;
}

/* The ring exists with the first object that was loaded. */
int flow_open_ring(struct sensor *s)
{
        int fd = programs_map(&s->programs, "ring");
        if (s->ring || fd < 0)
                return 0;
        s->ring = ring_buffer__new(fd, on_ring, s, NULL);
        if (!s->ring)
                return -errno;
        waking_by(s, ring_buffer__epoll_fd(s->ring));
        return 0;
}

static int take_kept(struct sensor *s)
{
        while (s->handler && s->kept_taken < s->kept.size) {
                uint32_t size;
                struct event e;
                const char *record = s->kept.data + s->kept_taken + KEPT_FRAME;
                memcpy(&size, s->kept.data + s->kept_taken, sizeof(size));
                s->kept_taken += KEPT_FRAME + size;
                int r = event_decode(record, size, &e);
                if (r >= 0)
                        r = deliver(s, &e);
                if (r < 0)
                        return r;
        }
        if (s->handler && s->kept.size) {
                buf_done(&s->kept);
                s->kept_taken = 0;
        }
        return 0;
}

/* What perf cannot do alone, now and then: open the buffers of CPUs that came online, and fill the table
 * again when process events were dropped, which leave holes in it. */
static void mend(struct sensor *s)
{
        struct event_tally kernel[_EVENT_MAX];
        uint64_t now = clock_boottime();
        if (now - s->mended < MEND_NS)
                return;
        s->mended = now;
        perf_buffers_refresh(&s->perf);
        waking_refresh(s);
        tally_kernel(s, kernel);
        uint64_t lost = kernel[0].dropped + kernel[EVENT_EXEC].dropped + kernel[EVENT_FORK].dropped +
                        kernel[EVENT_EXIT].dropped;
        if (lost == s->lost_processes)
                return;
        s->lost_processes = lost;
        processes_refill(s);
}

void sensor_ask_lost(struct sensor *s)
{
        if (s->uses_perf && !s->stopped)
                perf_buffers_ask_lost(&s->perf);
}

int flow_drain(struct sensor *s)
{
        int r = take_kept(s);
        if (r < 0)
                return r;
        if (s->uses_perf) {
                r = take_mappings_until(s, UINT64_MAX); /* left by a handler that stopped */
                if (r < 0)
                        return r;
                if (!s->stopped)
                        mend(s);
                perf_buffers_fetch(&s->perf);
        }
        if (s->ring) {
                r = ring_buffer__consume(s->ring);
                if (r < 0)
                        return r;
        }
        r = s->uses_perf ? take_mappings_until(s, UINT64_MAX) : 0;
        if (r < 0 || !s->uses_perf || !s->stopped || s->lost_provoked)
                return r;
        s->lost_provoked = true;
        perf_buffers_provoke_lost(&s->perf);
        perf_buffers_fetch(&s->perf);
        return take_mappings_until(s, UINT64_MAX);
}
