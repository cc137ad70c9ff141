/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Root: the file tree that a process lives in. Its id is the same on every start of the same image
 * (CONTRACTS §1): "host", "image:sha256:…" where the runtime tells, "layers:…" (digest of overlayfs
 * lower directories), "mount:…" (digest of device, subvolume and path), or the path of --root. */

#include "base/arena.h"

struct root {
        const char *id;
        const char *description; /* for people: "host", image name, or where it is mounted */
        uint64_t device, inode;  /* of its "/" as fstat gives them: tells roots of one look apart */
        uint64_t mount_ns;
};

/* What identifies the root of a process, from /proc/PID/root and /proc/PID/mountinfo.
 * `host_device`/`host_inode` are those of the host's "/". 0 or -errno. */
int root_identify(int proc_pid_fd, uint64_t host_device, uint64_t host_inode, struct arena *a,
                  struct root *ret);
