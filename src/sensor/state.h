/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of a sensor, shared by the files that make it: sensor.c opens and closes, hooks.c attaches,
 * flow.c carries records to the handler, waking.c says when, figures.c counts. The way down: hooks.c, what it
 * can attach (functions.c, tracepoints.c, samples.c), flow.c, waking.c, refill.c. */

#include "sensor/dedup.h"
#include "sensor/hook_table.h"
#include "sensor/lull.h"
#include "sensor/perf_bell.h"
#include "sensor/perf_buffer.h"
#include "sensor/process_table.h"
#include "sensor/programs.h"
#include "sensor/prove.h"

enum { SENSOR_TRACEPOINTS = 64 };

enum source {
        SOURCE_EXEC,
        SOURCE_FORK,
        SOURCE_EXIT,
        SOURCE_MAP,
        SOURCE_SOCKET,
        _SOURCE_MAX,
};

struct tracepoint { /* held by one of them */
        struct bpf_link *link;
        int event;
};

struct sensor {
        uint32_t types; /* wanted by the caller */
        bool keep_all;
        const char *prove_with; /* or NULL: this program */
        struct programs programs;
        struct hook_table table;
        struct hook hooks[_EVENT_MAX * HOOK_ALTERNATIVES];
        size_t hook_count;
        struct bpf_link *links[_SOURCE_MAX], *moved_link, *made_link, *processes_link;

        struct probed_file *probed[SENSOR_PROBED_FILES];
        bool single_probes;
        enum { MULTI_UNKNOWN, MULTI_WORKS, MULTI_MISSING } multi;
        const char *probe_hook;
        const uint64_t *probe_counts; /* of each probe, in the kernel's memory; NULL: not mapped yet */
        uint64_t *mapped;             /* EVENT_MAPPED_NUMBERS in the kernel's memory, as above … */
        uint64_t *perf_mapped;        /* … or, with perf, here */
        uint64_t *programs_left;      /* … that start before we are woken, as above */
        struct tracepoint tracepoints[SENSOR_TRACEPOINTS];
        size_t tracepoint_count;
        struct bpf_link **samplers; /* one, or one for each CPU */
        size_t sampler_count;
        const char *sample_hook;

        struct ring_buffer *ring;
        bool uses_perf;
        struct perf_buffers perf;
        struct perf_bells bells;
        struct lull lull;               /* of mappings, with perf only */
        bool has_bells, listening;      /* one on each CPU; they wake us */
        struct process_table processes; /* with perf only */
        struct dedup dedup;             /* with perf only */
        uint64_t lost_processes;        /* dropped process events when the table was last filled */
        uint64_t mended;                /* boottime ns when that was looked at */
        bool stopped, lost_provoked;
        int epoll, timer;
        uint64_t fetch_ns, rest_ns,
                period_ns; /* how often events are fetched: while there is news, else, and now */
        uint64_t drained;  /* boottime ns when that was done last */

        bool proving;
        struct proof proof;
        struct buf kept; /* records of others that came during the proof: u32 size, bytes */
        size_t kept_taken;

        sensor_moved moved; /* NULL: nobody asks */
        void *moved_context;
        sensor_cgroup_made cgroup_made; /* NULL: nobody asks */
        void *cgroup_made_context;
        sensor_handler handler;
        void *context;
        int handler_result;
        struct {
                uint64_t made, seen, deduplicated, dropped; /* in user space */
                uint64_t swallowed;                         /* the proof's own */
        } tallies[_EVENT_MAX];
        uint64_t unknown_records, broken_records;
};

/* hooks.c */
extern const struct hook_source sensor_sources[_SOURCE_MAX];
extern const struct hook_ops sensor_hook_ops; /* context: struct sensor */
void hooks_preload(struct sensor *s, uint32_t sources);
void hooks_detach_all(struct sensor *s);

/* refill.c: ask the kernel for all processes. 0 or -errno */
int processes_refill(struct sensor *s);

/* functions.c, tracepoints.c, samples.c */
void functions_detach_all(struct sensor *s);
void tracepoints_detach_all(struct sensor *s);
void samples_detach_all(struct sensor *s);
/* Put CAP_SYS_ADMIN into effect where it is permitted only. Whether it has to be given back. */
bool functions_take_admin(void);
void functions_give_admin(bool taken);

/* flow.c */
/* Map the ring buffer, once something is loaded. 0 or -errno. */
int flow_open_ring(struct sensor *s);
int flow_drain(struct sensor *s);

/* waking.c: when events are fetched. 0 or -errno. */
int waking_open(struct sensor *s, uint64_t fetch_ns, uint64_t rest_ns);
/* Wake whoever waits for the sensor when there is something to read. */
void waking_by(struct sensor *s, int fd);
/* With perf only. */
void waking_open_bells(struct sensor *s);
void waking_close_bells(struct sensor *s);
void waking_refresh(struct sensor *s); /* CPUs may have come */
/* Around a drain. */
struct waking {
        bool woken, rang, set; /* by something else than the timer; bells have; they are for what follows */
        uint64_t events, news, mappings;
};
int waking_begin(struct sensor *s, struct waking *ret);
int waking_end(struct sensor *s, const struct waking *w);

/* support.c: the part of support_probe that needs no look at BTF */
int support_probe_rights(struct support *ret);

/* figures.c */
void tally_kernel(const struct sensor *s, struct event_tally to[static _EVENT_MAX]);
