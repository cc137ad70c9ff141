/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef USEWEAR_EVENT_H
#define USEWEAR_EVENT_H

/* THE contract between the kernel side and user space: every record of the ring buffer. A record is a
 * fixed header, a fixed part by type, and a tail of strings. User space counts and skips records whose
 * version or type it does not know. All numbers in host byte order; times are CLOCK_BOOTTIME ns; pids
 * are those of the initial pid namespace. Paths are as the process itself sees them (below its root), with
 * " (deleted)" behind those that are unlinked; one that does not begin with a slash has lost its front. */

#ifdef __bpf__
typedef unsigned char __event_u8;
typedef unsigned short __event_u16;
typedef unsigned int __event_u32;
typedef unsigned long long __event_u64;
#else
#include <stdint.h>
typedef uint8_t __event_u8;
typedef uint16_t __event_u16;
typedef uint32_t __event_u32;
typedef uint64_t __event_u64;
#endif

#define EVENT_VERSION 1

enum event_type {
        EVENT_EXEC = 1,
        EVENT_FORK,
        EVENT_EXIT,
        EVENT_MAP,
        EVENT_LISTEN,
        EVENT_CONNECT,
        EVENT_FUNCTION, /* a probed function ran: first time for each (cgroup, probe) */
        EVENT_HOOK,     /* a hook given by the user fired: first time for each (cgroup, probe) */
        EVENT_SAMPLE,   /* the timer found code running: for each page, now and then */
        _EVENT_MAX,
};

enum {
        EVENT_COMM = 16,
        EVENT_PATH = 512,  /* most bytes of one path, NUL included */
        EVENT_ARGS = 1024, /* most bytes of the argument vector */
        EVENT_SNAPSHOT_PATH = 4096,
};

/* An event_header alone, sent when a process was moved to another workload cgroup (and for each process when
 * user space asks which there are). Handed on to who asks for it, beside all other events. */
enum { EVENT_MOVED = 0x100 };

/* struct event_cgroup, sent when a cgroup of the chosen hierarchy was made; beside all other events, too. */
enum { EVENT_CGROUP = 0x101 };

struct event_header {
        __event_u16 version; /* EVENT_VERSION */
        __event_u16 type;    /* enum event_type */
        __event_u32 size;    /* of the whole record, this header included */
        __event_u64 time;    /* when it happened */
        __event_u64 start;   /* when the process (thread-group leader) started; 0 unknown */
        __event_u64 cgroup;  /* workload cgroup id (kn->id in the chosen hierarchy); 0 unknown */
        __event_u32 tgid, tid;
        __event_u32 uid;      /* real uid */
        __event_u32 mount_ns; /* inode number of the namespace */
        __event_u32 pid_ns;   /* inode number of the namespace */
        __event_u32 pad;
        char comm[EVENT_COMM];
};

struct event_cgroup {
        struct event_header header; /* of nobody; `cgroup` is the new one's id */
        char path[EVENT_PATH];      /* from the root of the hierarchy; longer ones are not told */
};

struct event_exec {
        struct event_header header;
        __event_u32 parent;    /* tgid of the parent */
        __event_u16 path_size; /* bytes of the path of the executable, NUL included, first in the tail */
        __event_u16 cwd_size;  /* bytes of the working directory, NUL included, second */
        __event_u16 args_size; /* bytes of the arguments, NUL-separated, third; one more NUL ends the tail */
        __event_u16 args_cut;  /* 1: there were more */
        __event_u32 pad;
        char tail[];
};

struct event_fork {
        struct event_header header; /* of the child */
        __event_u32 parent;         /* tgid */
        __event_u32 forker;         /* tgid; another one than the parent after CLONE_PARENT */
};

struct event_exit {
        struct event_header header;
        __event_u32 code; /* as wait(2) gives it */
        __event_u32 pad;
        /* Of the breakpoint that ended it, where the kernel tells (x86-64 from 5.15 on); else 0. */
        __event_u64 address;
};

struct event_map {
        struct event_header header;
        __event_u64 address;    /* start of the mapping; 0: the hook does not know it */
        __event_u64 size;       /* bytes */
        __event_u64 offset;     /* in the file, bytes */
        __event_u64 inode;      /* number */
        __event_u32 device;     /* kernel's dev_t */
        __event_u32 generation; /* of the inode */
        __event_u16 path_size;  /* bytes of the path in the tail, NUL included */
        __event_u16 unprobed;   /* 1: writable or shared: the kernel sets no probes in it */
        __event_u16 pad[2];
        char tail[];
};

struct event_function { /* function and hook */
        struct event_header header;
        __event_u64 probe; /* number that user space gave it */
};

struct event_sample {
        struct event_header header;
        __event_u64 address; /* of the instruction, or of the one behind a system call */
};

struct event_socket { /* listen and connect */
        struct event_header header;
        __event_u8 local[16], remote[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
        __event_u16 local_port, remote_port;
        __event_u16 family;   /* AF_INET, AF_INET6 */
        __event_u16 protocol; /* IPPROTO_TCP */
};

/* ---- beside the ring ---- */

/* Value of the map `tallies` (key: enum event_type; 0: EVENT_MOVED), for each CPU. */
struct event_tally {
        __event_u64 made, deduplicated, dropped;
};

/* Key of the map `errors`; the value is how often. */
struct event_error {
        __event_u32 type;  /* the program, by its enum event_type */
        __event_u32 error; /* errno, positive */
};

/* Key of the map `function_hits`: the first hit of a probe in a workload made an event. */
struct event_hit {
        __event_u64 cgroup, probe;
};
enum { EVENT_PROBES = 8192 }; /* probes are numbered below; index of the map `function_counts` */
/* Stands in the program until a number is written over it, where the kernel has no attach cookies. */
enum { EVENT_PROBE_UNWRITTEN = 0x55454152 };
/* Added to the number of a probe that is a hook of the user. */
#define EVENT_PROBE_HOOK (1u << 30)

/* The map `mapped` counts how often files were mapped executable; several share a number. User space sets the
 * highest bit of those that are told again: once for each process that is older than the time (boottime ns)
 * in the number behind all of them, and each such time. */
enum { EVENT_MAPPED = 4096, EVENT_MAPPED_LOOKED = EVENT_MAPPED, EVENT_MAPPED_NUMBERS };
#define EVENT_MAPPED_AGAIN        (1ull << 63)
#define EVENT_MAPPED_INDEX(inode) ((__event_u32)((__event_u64)(inode)*0x9e3779b97f4a7c15ull >> 52))

/* Key of the map `sampled`; the value is when (boottime ns) that made an event last. */
struct event_page {
        __event_u64 cgroup, page; /* page: address / 4096 */
        __event_u64 tgid;
};
/* A process younger than this is still being loaded; a page is told again after so long. */
#define EVENT_SAMPLE_AGE   1000000000ull
#define EVENT_SAMPLE_AGAIN 10000000000ull

/* What the snapshot iterator writes for each executable file mapping, the path behind it. */
struct event_snapshot {
        __event_u16 version;   /* EVENT_VERSION */
        __event_u16 path_size; /* bytes behind this record, NUL included; 0: not known */
        __event_u32 tgid;
        __event_u32 device;     /* kernel's dev_t */
        __event_u32 unprobed;   /* writable or shared: the kernel sets no probes in it */
        __event_u64 start_time; /* of the process */
        __event_u64 start, end, offset, inode;
};

/* What the activity iterator writes for each thread of each process. */
struct event_activity {
        __event_u16 version; /* EVENT_VERSION */
        __event_u16 running; /* it is on a CPU at this moment */
        __event_u32 tgid, tid;
        __event_u32 pad;
        __event_u64 start;          /* of the process */
        __event_u64 switches;       /* how often this thread has left a CPU */
        __event_u64 ended_switches; /* … and all threads of its process that have ended */
        __event_u64 runtime;        /* ns that this thread ran */
        __event_u64 ended_runtime;  /* … and all threads of its process that have ended */
        __event_u64 groups;         /* names the set of cgroups that it is in; else without meaning */
};

#ifndef __bpf__
_Static_assert(sizeof(struct event_header) == 72, "header");
_Static_assert(sizeof(struct event_exec) == 88, "exec");
_Static_assert(sizeof(struct event_fork) == 80, "fork");
_Static_assert(sizeof(struct event_exit) == 88, "exit");
_Static_assert(sizeof(struct event_map) == 120, "map");
_Static_assert(sizeof(struct event_socket) == 112, "socket");
_Static_assert(sizeof(struct event_function) == 80, "function");
_Static_assert(sizeof(struct event_sample) == 80, "sample");
_Static_assert(sizeof(struct event_snapshot) == 56, "snapshot");
_Static_assert(sizeof(struct event_activity) == 64, "activity");
#endif

#endif
