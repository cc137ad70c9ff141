/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Root: the file tree that a process lives in. Its id is the same on every start of the same image:
 * "host", "image:sha256:…" where the runtime tells, "layers:…" (digest of overlayfs
 * lower directories), "mount:…" (digest of device, subvolume and path), or the path of --root. */

#include "base/arena.h"

struct root {
        const char *id;
        const char *description; /* for people: "host", image name, or where it is mounted */
        uint64_t device, inode;  /* of its "/" as fstat gives them: tells roots of one look apart */
        uint64_t mount_ns;
};

/* What identifies the root of a process, from /proc/PID/root and /proc/PID/mountinfo.
 * `host_device`/`host_inode` are those of the host's "/". 0 or -errno. A process that went into a chroot
 * after its start (its executable lies outside, and is the host's) still runs the host's code and counts as
 * living there. */
int root_identify(int proc_pid_fd, uint64_t host_device, uint64_t host_inode, struct arena *a,
                  struct root *ret);
/* "/" of the host. In a container that shares the host's pid namespace, pid 1 still has it; where pid 1 may
 * not be looked at, it is our own. A descriptor or -errno. */
int root_open_host(void);
/* Descriptor of the directory that the code of process `pid` comes from, by the same rule. The process's
 * procfs directory is `proc_pid_fd`. -errno on failure. */
int root_open(int proc_pid_fd);
/* The path inside that root, of a path that the kernel printed for this process (maps, exe): those are
 * relative to the reader's root. Points into `path`, which may be returned as it is. */
const char *root_path(int proc_pid_fd, const char *path);
