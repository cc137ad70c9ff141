/* SPDX-License-Identifier: Apache-2.0 */
#include "memory/remote.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

/* process_vm_readv stops at the first byte that it cannot read and says how far it came: whatever lies
 * behind is asked for again, without the piece that failed. */

enum { BATCH = 512 }; /* below IOV_MAX */

void remote_done(struct remote *r)
{
        if (r->mem_fd >= 0)
                close(r->mem_fd);
        r->mem_fd = -1;
}

/* process_vm_readv takes the pids of our own pid namespace; /proc may be mounted in another one, whose pids
 * are all that is known of others: only by /proc/PID/mem it is surely the process that is meant. */
static bool pids_agree(void)
{
        static _Atomic int agree = -1; /* asked by two threads, who find the same */
        char text[32];
        int known = agree;
        if (known < 0) {
                ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);
                text[MAX(n, 0)] = '\0';
                agree = known = n < 0 || atol(text) == getpid();
        }
        return known;
}

static ssize_t read_file(struct remote *r, uint64_t address, void *to, size_t size)
{
        if (r->mem_fd < 0) {
                char path[64];
                snprintf(path, sizeof(path), "/proc/%d/mem", r->pid);
                r->mem_fd = open(path, O_RDONLY | O_CLOEXEC);
                if (r->mem_fd < 0)
                        return errno == EACCES ? -EPERM : errno == ENOENT ? -ESRCH : -errno;
        }
        ssize_t got = pread(r->mem_fd, to, size, (off_t)address);
        if (got > 0)
                return got;
        /* The file ends (0) when the address space is gone; pages that are not there give EIO. */
        return got == 0 ? -ESRCH : errno == EIO ? -EFAULT : -errno;
}

ssize_t remote_read(struct remote *r, uint64_t address, void *to, size_t size)
{
        if (!size)
                return 0;
        if (address > (uint64_t)INT64_MAX || size > (uint64_t)INT64_MAX - address)
                return -EFAULT;
        if (!r->refused && pids_agree()) {
                struct iovec local = {to, size}, remote = {(void *)(uintptr_t)address, size};
                ssize_t got = process_vm_readv(r->pid, &local, 1, &remote, 1, 0);
                if (got > 0)
                        return got;
                if (got == 0)
                        return -EFAULT;
                /* A seccomp filter may forbid the call and still allow the file. */
                if (errno != EPERM && errno != ENOSYS)
                        return -errno;
                r->refused = true;
        }
        return read_file(r, address, to, size);
}

int remote_read_all(struct remote *r, uint64_t address, void *to, size_t size)
{
        for (size_t done = 0; done < size;) {
                ssize_t got = remote_read(r, address + done, (char *)to + done, size - done);
                if (got < 0)
                        return (int)got;
                done += (size_t)got;
        }
        return 0;
}

static int read_one(struct remote *r, struct remote_piece *piece)
{
        piece->got = 0;
        while (piece->got < piece->size) {
                ssize_t got = remote_read(r, piece->address + piece->got, (char *)piece->to + piece->got,
                                          piece->size - piece->got);
                if (got == -ESRCH || got == -EPERM)
                        return (int)got;
                if (got < 0)
                        return 0;
                piece->got += (size_t)got;
        }
        return 0;
}

/* Returns how many pieces are done with: at least one. */
static ssize_t read_batch(struct remote *r, struct remote_piece *pieces, size_t count)
{
        struct iovec local[BATCH], remote[BATCH];
        size_t wanted = 0;
        for (size_t i = 0; i < count; i++) {
                local[i] = (struct iovec){pieces[i].to, pieces[i].size};
                remote[i] = (struct iovec){(void *)(uintptr_t)pieces[i].address, pieces[i].size};
                pieces[i].got = 0;
                wanted += pieces[i].size;
        }
        ssize_t got = wanted && pids_agree() ? process_vm_readv(r->pid, local, count, remote, count, 0) : 0;
        if (got < 0 && (errno == EPERM || errno == ENOSYS))
                r->refused = true;
        else if (got < 0 && errno == ESRCH)
                return -ESRCH;
        size_t left = got > 0 ? (size_t)got : 0, done = 0;
        while (done < count && left >= pieces[done].size) {
                pieces[done].got = pieces[done].size;
                left -= pieces[done++].size;
        }
        /* The piece that stopped it is tried alone: it may be readable in part. */
        if (done < count) {
                int failed = read_one(r, &pieces[done++]);
                if (failed < 0)
                        return failed;
        }
        return (ssize_t)done;
}

int remote_read_pieces(struct remote *r, struct remote_piece *pieces, size_t count)
{
        for (size_t done = 0; done < count;) {
                if (r->refused) {
                        int failed = read_one(r, &pieces[done++]);
                        if (failed < 0)
                                return failed;
                        continue;
                }
                ssize_t n = read_batch(r, pieces + done, MIN(count - done, (size_t)BATCH));
                if (n < 0)
                        return (int)n;
                done += (size_t)n;
        }
        return 0;
}

const char *remote_refusal(void)
{
        _cleanup_buf_ struct buf text = BUF_INIT(64);
        if (file_read_at(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", &text) == 0 && text.size &&
            *(const char *)text.data >= '3')
                return "its memory may not be read: Yama forbids it to everybody (kernel.yama.ptrace_scope "
                       "is 3)";
        return "its memory may not be read: CAP_SYS_PTRACE is missing, or a security module forbids it";
}
