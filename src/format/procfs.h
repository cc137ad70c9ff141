/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The text files of procfs, as proc(5) and the kernel's fs/proc, fs/proc_namespace.c and
 * kernel/cgroup/cgroup-v1.c write them. Names inside (comm, paths, mount options) are chosen by other
 * processes. Spans point into the text. Lines that cannot be understood are skipped by the `_next`
 * functions: one odd line must not hide the rest. */

#include "base/str.h"

/* ---- /proc/PID/stat ------------------------------------------------------------------------------- */
struct procfs_stat {
        int pid, ppid;
        char comm[16];  /* NUL-terminated; may hold any byte but NUL */
        char state;     /* 'R', 'S', 'Z' … */
        uint32_t flags; /* PF_* of include/linux/sched.h */
        uint64_t threads;
        uint64_t start_ticks; /* since boot, in clock ticks (sysconf(_SC_CLK_TCK)) */
};
enum {
        PROCFS_FORKED = 0x00000040,        /* PF_FORKNOEXEC: it has executed no program since its fork */
        PROCFS_KERNEL_THREAD = 0x00200000, /* PF_KTHREAD */
};
int procfs_stat_parse(struct span text, struct procfs_stat *ret); /* 0 or -EBADMSG */

/* ---- /proc/PID/status ----------------------------------------------------------------------------- */
struct procfs_status {
        uint32_t uid_real, uid_effective;
        uint64_t capabilities; /* effective */
};
int procfs_status_parse(struct span text, struct procfs_status *ret); /* 0 or -EBADMSG: a field is missing */

/* ---- /proc/PID/maps ------------------------------------------------------------------------------- */
struct procfs_mapping {
        uint64_t start, end, offset, inode;
        uint32_t device; /* major << 20 | minor, as the kernel's dev_t */
        bool readable, writable, executable, shared;
        bool deleted;
        struct span path; /* without " (deleted)"; newlines in it are still written "\012"; may be empty */
};
bool procfs_mapping_next(struct span *rest, struct procfs_mapping *ret);

/* ---- /proc/PID/cgroup ----------------------------------------------------------------------------- */
struct procfs_cgroup {
        uint64_t hierarchy;      /* 0: v2 */
        struct span controllers; /* "cpu,cpuacct", "name=systemd", "" for v2 */
        struct span path;        /* without " (deleted)" */
};
bool procfs_cgroup_next(struct span *rest, struct procfs_cgroup *ret);
/* One of the comma-separated words of a list. */
bool procfs_list_has(struct span list, const char *word);

/* ---- /proc/cgroups -------------------------------------------------------------------------------- */
struct procfs_controller {
        struct span name;
        uint64_t hierarchy; /* 0: not mounted as v1 */
        bool enabled;
};
bool procfs_controller_next(struct span *rest, struct procfs_controller *ret);

/* ---- /proc/PID/mountinfo -------------------------------------------------------------------------- */
struct procfs_mount {
        uint64_t id;
        uint32_t major, minor;
        struct span root, point, type, source, options; /* options: of the superblock. All still escaped */
};
bool procfs_mount_next(struct span *rest, struct procfs_mount *ret);
/* Undo \ooo of mangled paths. Returns the length, at most `size` - 1; `to` is NUL-terminated. */
size_t procfs_unescape(struct span text, char *to, size_t size);

/* ---- /proc/PID/net/{tcp,udp,udplite,raw,icmp}{,6} --------------------------------------------------- */
struct procfs_socket {
        uint8_t local[16], remote[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
        uint16_t local_port, remote_port;
        uint8_t state; /* include/net/tcp_states.h; 10: listening */
        uint64_t inode;
};
bool procfs_socket_next(struct span *rest, struct procfs_socket *ret);

/* ---- /proc/PID/net/packet ------------------------------------------------------------------------- */
struct procfs_packet_socket {
        uint64_t protocol;  /* linux/if_ether.h; 0: receives nothing */
        uint64_t interface; /* index; 0: every one */
        uint64_t inode;
};
bool procfs_packet_next(struct span *rest, struct procfs_packet_socket *ret);
