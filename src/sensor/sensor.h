/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The kernel's side of looking: loads the BPF objects, chooses for each event the best hook that attaches
 * and delivers on this kernel, and hands over decoded events. Holds BPF descriptors and parses no
 * foreign bytes. */

#include "base/error.h"
#include "bpf/event.h"

/* ---- events --------------------------------------------------------------------------------------- */

/* A validated event; strings point into the record and live until the handler returns. */
struct event {
        enum event_type type;
        uint64_t time, start, cgroup; /* as in bpf/event.h; start and cgroup 0 where not known */
        uint32_t tgid, tid, uid, mount_ns, pid_ns;
        const char *comm;
        union {
                struct {
                        uint32_t parent;
                        const char *path, *cwd; /* may be "" */
                        const char *args;       /* NUL-separated, args_size bytes, NUL behind the last */
                        size_t args_size;
                        bool args_cut;
                } exec;
                struct {
                        uint32_t parent;
                        uint32_t forker; /* whose copy it is: another one after CLONE_PARENT */
                } fork;
                struct {
                        uint32_t code;
                        uint64_t address; /* of the breakpoint that ended it; 0: not known */
                } exit;
                struct {
                        uint64_t address, size, offset, inode;
                        uint32_t device, generation;
                        bool unprobed; /* writable or shared: the kernel sets no probes in it */
                        const char *path;
                } map;
                struct {
                        const uint8_t *local, *remote; /* 16 bytes each */
                        uint16_t local_port, remote_port, family, protocol;
                } socket; /* listen, connect */
                struct {
                        uint64_t probe; /* number of struct function_probe, or of the hook */
                } function;             /* hook as well */
                struct {
                        uint64_t address;
                } sample;
        };
};

const char *event_type_name(enum event_type type);            /* "exec", "fork", … as in usewear/event/1 */
int event_type_parse(const char *text, enum event_type *ret); /* 0 or -EINVAL */
/* Check and decode one ring-buffer record. 0; -EPROTO unknown version or type; -EBADMSG sizes disagree. */
int event_decode(const void *record, size_t size, struct event *ret);

/* ---- hooks ---------------------------------------------------------------------------------------- */

/* One alternative of one event, and what became of it on this kernel. */
struct hook {
        enum event_type type;
        const char *name; /* "tp_btf/sched_process_exec", "PERF_RECORD_MMAP2" … */
        enum hook_state {
                HOOK_UNTRIED, /* a better one serves */
                HOOK_SERVING, /* attached, and the provoked event arrived */
                HOOK_REFUSED, /* could not be loaded or attached: `reason` */
                HOOK_SILENT,  /* attached, but the provoked event never came: not used */
        } state;
        char reason[192];
};

/* ---- the sensor ----------------------------------------------------------------------------------- */
struct sensor;

struct sensor_options {
        size_t ring_size;       /* bytes, a power of two; 0: default */
        uint64_t fetch_ns;      /* how often events are fetched that wake nobody, while some tell news or are
                                   many; 0: default (200 ms) */
        uint64_t rest_ns;       /* … and else; 0: twice as seldom. Where perf tells of mappings at most half
                                   longer than that, but in a lull, when the next one wakes us */
        uint32_t types;         /* bits 1 << enum event_type; 0: all */
        bool all;               /* no deduplication of mappings and connects */
        bool no_folders;        /* exec.cwd stays "": nobody reads it, and each start is cheaper */
        int cgroup_subsystem;   /* index in task->cgroups->subsys[], -1: v2 (struct cgroup_choice) */
        bool single_probes;     /* functions by perf uprobes, also where uprobe_multi works */
        const char *prove_with; /* program that provokes the proof events; NULL: /proc/self/exe */
};

/* Load, attach and prove. Events buffer from here on. 0 with at least one serving hook, or -errno with a
 * sentence: -EPERM (which capability is missing), -EOPNOTSUPP (no BTF, no ring buffer): snapshots only. */
int sensor_open(const struct sensor_options *options, struct sensor **ret, struct error *error);
/* Take the hooks back; what is buffered can still be drained, and then the counts add up. */
void sensor_stop(struct sensor *s);
struct sensor *sensor_close(struct sensor *s); /* returns NULL */
static inline void sensor_closep(struct sensor **s)
{
        *s = sensor_close(*s);
}
#define _cleanup_sensor_ _cleanup_(sensor_closep)

int sensor_fd(const struct sensor *s); /* epoll: readable when there are events */
typedef int (*sensor_handler)(void *context, const struct event *event);
/* Hand over what is there, without waiting. A handler's non-zero value ends it and is returned. */
int sensor_drain(struct sensor *s, sensor_handler handler, void *context);
const struct hook *sensor_hooks(const struct sensor *s, size_t *ret_count);
bool sensor_serves(const struct sensor *s, enum event_type type); /* some hook tells of it here */

/* made = seen + deduplicated + dropped, for each type, once the sensor is stopped and drained; before
 * that, what still lies in the buffers is in `made` only. Mappings that perf dropped include anonymous
 * ones: it does not say which they were. */
/* Make the kernel tell what it may have lost and did not tell yet: the next drain brings it, and then
 * sensor_counts() knows it. */
void sensor_ask_lost(struct sensor *s);

/* Have `moved` told of each process that is moved to another workload cgroup, in the order of events, while
 * they are drained. 0, or -errno: it cannot be told here. */
typedef void (*sensor_moved)(void *context, int pid, uint64_t cgroup);
int sensor_tell_moves(struct sensor *s, sensor_moved moved, void *context);
/* Have `made` told of each cgroup of the chosen hierarchy that is made, in the order of events, while they
 * are drained: its id, and its path from the root of the hierarchy (not that of a cgroup namespace). Some may
 * be missing. 0, or -errno: it cannot be told here. */
typedef void (*sensor_cgroup_made)(void *context, uint64_t cgroup, const char *path);
int sensor_tell_cgroups(struct sensor *s, sensor_cgroup_made made, void *context);

struct sensor_counts {
        struct {
                uint64_t made, seen, deduplicated, dropped;
        } types[_EVENT_MAX];
        uint64_t moves_dropped; /* where they are told */
        uint64_t unknown_records, broken_records;
};
int sensor_counts(struct sensor *s, struct sensor_counts *ret);
/* Errors inside the kernel programs, counted by (program, errno). */
struct sensor_error {
        const char *program;
        int error;
        uint64_t count;
};
size_t sensor_errors(struct sensor *s, struct sensor_error *to, size_t room);
/* Kernel memory of maps and buffers, bytes; run time of the programs, where statistics are on. */
struct sensor_cost {
        uint64_t map_bytes, runs, run_ns;
};
int sensor_cost(struct sensor *s, struct sensor_cost *ret);
/* What `usewear self-prove` does in a child of the sensor: exec happened; maps its own file executable,
 * listens on and connects to loopback. Returns the exit code. */
int sensor_prove_main(void);

/* ---- functions ------------------------------------------------------------------------------------- */

/* A probe on one instruction of a file. All processes that map the file are covered at once, those that start
 * or map it later from the moment that they do (kernel/events/uprobes.c, uprobe_mmap). Events of type
 * "function" tell the first hit of each (cgroup, probe). */
struct function_probe {
        uint64_t counter; /* 0, or where in the file the word lies that the kernel counts up while the probe
                             is set: the program skips it else (USDT, "semaphore") */
        uint64_t offset;  /* in the file, of the first byte of an instruction that the kernel can probe: never
                             a guess, a wrong one breaks the program */
        uint32_t number; /* below EVENT_PROBES; names it in events and counts; places of one function share it
                          */
        bool hook;       /* its event is of type "hook" */
};

/* Have exactly these probes on file `fd` (any descriptor, O_PATH will do), `file` being the caller's number
 * for it, below SENSOR_PROBED_FILES. What was there and is again stays without a break; none takes all away.
 * 0, or -errno with a sentence, and what was there before stays: -EOPNOTSUPP no way to attach here, or the
 * kernel cannot probe one of the instructions; -E2BIG more than this kernel's way can bear. */
enum { SENSOR_PROBED_FILES = 1024, SENSOR_SINGLE_PROBES = 50 };
int sensor_set_probes(struct sensor *s, uint32_t file, int fd, const struct function_probe *probes,
                      size_t count, struct error *error);
/* Hits of all workloads since the last reset. */
uint64_t sensor_probe_hits(struct sensor *s, uint32_t number);
/* Forget the hits of a probe, so that the next one is an event again in every workload. */
void sensor_probe_reset(struct sensor *s, uint32_t number);
/* The same in one cgroup. */
void sensor_probe_forget(struct sensor *s, uint32_t number, uint64_t cgroup);
/* Have a tracepoint of the kernel make events of type "hook" with that number. 0, or -errno with a sentence.
 */
int sensor_set_tracepoint(struct sensor *s, const char *category, const char *name, uint32_t number,
                          struct error *error);
/* Have the timer tell which code runs (events of type "sample"). 0, or -errno: nothing can do it here. */
int sensor_sample_code(struct sensor *s);
/* What does: "raw_tp/local_timer_entry", "perf_event", or NULL. */
const char *sensor_sample_hook(const struct sensor *s);
/* Probes are perf uprobes here, which want CAP_SYS_ADMIN (kernel/events/core.c, perf_uprobe_event_init): it
 * is put into effect for each attaching, and only needs to be permitted. */
bool sensor_probes_need_admin(struct sensor *s);
/* How probes are attached: "uprobe_multi", "perf uprobe", or NULL: neither is to be had. Before the first one
 * it is what the kernel takes the program of. */
const char *sensor_probe_hook(struct sensor *s);

/* How often files with this inode number were mapped executable since the start, or up to the last time that
 * events were fetched. Other files may be counted with it: it is no less than that. */
uint64_t sensor_mappings(struct sensor *s, uint64_t inode);

/* From now on, mappings of files with this inode number are told again by processes that were looked at: each
 * process that started before the last sensor_looked() tells one of each file, until the next. */
void sensor_tell_again(struct sensor *s, uint64_t inode);
void sensor_looked(struct sensor *s, uint64_t time); /* boottime ns */

/* Make its descriptor readable when so many more programs have started, be it that events are not fetched
 * yet; 0: do not. Each call replaces what was there before. */
void sensor_wake_after(struct sensor *s, uint64_t programs);
/* How many are left of them. */
uint64_t sensor_wake_left(struct sensor *s);

/* Mappings of files with these inode numbers (NULL: of all files) are told again, though their workloads have
 * told them before. 0, or -errno: some are not (before Linux 5.6, or memory is out), and the next snapshot
 * has to show them. */
int sensor_forget_mappings(struct sensor *s, const uint64_t *inodes, size_t count);

/* ---- snapshot ------------------------------------------------------------------------------------- */

/* One executable file mapping of one process, from iter/task_vma. */
struct snapshot_mapping {
        uint32_t tgid;
        uint32_t device;
        uint64_t start_time; /* of the process, boottime ns */
        uint64_t start, end, offset, inode;
        const char *path; /* as /proc/PID/maps prints it, " (deleted)" included */
        bool unprobed;    /* writable or shared: the kernel sets no probes in it */
};
typedef int (*snapshot_handler)(void *context, const struct snapshot_mapping *mapping);
struct snapshot;
/* 0, or -EOPNOTSUPP/-EPERM/-ENOMEM where the iterator cannot be had: then /proc/PID/maps it is. `hook` (may
 * be NULL) receives which one and why. */
int snapshot_open(struct snapshot **ret, struct hook *ret_hook);
struct snapshot *snapshot_close(struct snapshot *s); /* returns NULL */
static inline void snapshot_closep(struct snapshot **s)
{
        *s = snapshot_close(*s);
}
#define _cleanup_snapshot_ _cleanup_(snapshot_closep)
/* Call for all executable file mappings of all processes now, until it returns non-zero, which is returned. 0
 * or -errno. */
int snapshot_read(struct snapshot *s, snapshot_handler handler, void *context);
/* Open, read once and close. */
int sensor_snapshot(snapshot_handler handler, void *context, struct hook *ret_hook);

/* ---- activity ------------------------------------------------------------------------------------- */

/* What one thread has done so far (bpf/activity.bpf.c says why this is exact): as long as no thread of a
 * process is running and the sums of all of them are what they were, none of them has run. */
struct activity_thread {
        uint32_t tgid, tid;
        uint64_t start;                    /* of the process, boottime ns */
        bool running;                      /* on a CPU while it was read */
        uint64_t switches, ended_switches; /* times it, and ended threads of its process, left a CPU */
        uint64_t runtime, ended_runtime;   /* ns on a CPU, the same */
        uint64_t groups;                   /* another value: it was moved to another cgroup */
};
typedef int (*activity_handler)(void *context, const struct activity_thread *thread);

struct activity;
/* 0, or -errno where the iterator cannot be had. */
int activity_open(struct activity **ret);
struct activity *activity_close(struct activity *a); /* returns NULL */
static inline void activity_closep(struct activity **a)
{
        *a = activity_close(*a);
}
#define _cleanup_activity_ _cleanup_(activity_closep)
/* Call for each thread of each process, until it returns non-zero, which is returned. 0 or -errno. */
int activity_read(struct activity *a, activity_handler handler, void *context);

/* ---- rights and kernel, for doctor ------------------------------------------------------------------ */
struct support {
        bool btf, ring_buffer, iterators, trampolines; /* probed, never concluded from a version */
        bool bpf_refused;                              /* bpf() itself, for want of a right or by a filter */
        const char *lockdown;                          /* "none", "integrity", "confidentiality", "unknown" */
        int unprivileged_bpf, perf_event_paranoid, ptrace_scope; /* sysctl values, -1 unknown */
        bool procfs, sysfs, tracefs;                             /* mounted, and seen from here */
        bool initial_pid_ns, initial_user_ns;
        struct {
                const char *name; /* "CAP_BPF" */
                bool held;
                const char *without; /* what fails then, a part of a sentence */
                bool required;       /* for any event at all */
        } capabilities[8];
        size_t capability_count;
};
int support_probe(struct support *ret);
/* Maps and programs count as locked memory here, and too little of it may be had. */
bool support_lacks_locked_memory(void);
