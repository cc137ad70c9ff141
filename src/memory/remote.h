/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Reading another process's memory: process_vm_readv, else /proc/PID/mem. Reading a page that is guarded
 * by userfaultfd or lies on a dead FUSE or NFS file can block for ever, so this is the prober worker's
 * business. A pid may be reused while it is read: who needs to be sure compares the start time afterwards. */

#include "base/macro.h"

#include <sys/types.h>

struct remote {
        int pid;
        int mem_fd; /* -1 until process_vm_readv was refused */
        bool refused;
};

#define REMOTE_INIT(pid_) ((struct remote){.pid = (pid_), .mem_fd = -1})
#define _cleanup_remote_  _cleanup_(remote_done)

void remote_done(struct remote *r);
/* Read up to `size` bytes. Returns how many could be read before the first page that cannot (at least 1
 * unless size is 0), or -errno: -EFAULT nothing there, -ESRCH gone, -EPERM not allowed. */
ssize_t remote_read(struct remote *r, uint64_t address, void *to, size_t size);
/* All or nothing: 0 or -errno. */
int remote_read_all(struct remote *r, uint64_t address, void *to, size_t size);

struct remote_piece {
        uint64_t address;
        void *to;
        size_t size;
        size_t got; /* out: bytes read; less than size where the memory ends */
};
/* Many small reads in few system calls. Unreadable pieces have got < size; 0, or -errno when the process
 * itself cannot be read (-ESRCH, -EPERM). */
int remote_read_pieces(struct remote *r, struct remote_piece *pieces, size_t count);

/* Why the kernel answers -EPERM or -EACCES here, as part of a sentence. Yama's scopes are those of
 * Documentation/admin-guide/LSM/Yama.rst: from 3 on no right helps. */
const char *remote_refusal(void);
