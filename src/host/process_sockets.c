/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process_reader.h"

#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A socket is joined by its inode with the tables of its network namespace (host/socket.c). One that is in
 * none of them is harmless only if its protocol has a table, or never meets the network: the kernel tells the
 * protocol of any open socket as an extended attribute (net/socket.c, sockfs_xattr_get). */

enum { MOST_SOCKETS = 1 << 20, PROTOCOL_TEXT = 32 /* struct proto.name of include/net/sock.h */ };

/* Names of struct proto in the kernel. */
static const char *const told[] = {
        "UNIX",     "UNIX-STREAM", "NETLINK",                             /* of this machine */
        "ALG",      "KEY",                                                /* of the kernel */
        "TCP",      "TCPv6",       "MPTCP",   "MPTCPv6", "UDP",  "UDPv6", /* from here on: have tables */
        "UDP-Lite", "UDPLITEv6",   "RAW",     "RAWv6",   "PING", "PINGv6", "PACKET",
};

static bool is_told(const char *protocol)
{
        for (size_t i = 0; i < ARRAY_SIZE(told); i++)
                if (str_equal(told[i], protocol))
                        return true;
        return false;
}

static int note_protocol(int fds, const char *name, struct arena *a, struct process *p)
{
        char path[NAME_MAX + 64], protocol[PROTOCOL_TEXT + 1] = {};
        snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", fds, name);
        if (getxattr(path, "system.sockprotoname", protocol, PROTOCOL_TEXT) < 0) {
                if (errno == ENOENT || errno == ESRCH)
                        return 0; /* closed meanwhile */
                strcpy(protocol, "unknown protocol");
        }
        if (is_told(protocol))
                return 0;
        p->socket_untold = arena_strdup(a, protocol);
        return p->socket_untold ? 0 : -ENOMEM;
}

int sockets_collect(int proc_fd, struct arena *a, struct process *p)
{
        _cleanup_close_ int fds = openat(proc_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fds < 0 ? NULL : fdopendir(fds);
        if (!dir)
                return -errno;
        TAKE_FD(fds);
        int r = 0;
        for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
                char text[64];
                uint64_t inode;
                ssize_t size = readlinkat(dirfd(dir), entry->d_name, text, sizeof(text) - 1);
                if (size <= 0)
                        continue;
                text[size] = 0;
                if (sscanf(text, "socket:[%" SCNu64 "]", &inode) != 1)
                        continue;
                uint64_t *slot = p->sockets.count < MOST_SOCKETS ? vec_add(&p->sockets) : NULL;
                if (slot)
                        *slot = inode;
                else
                        r = -E2BIG;
                if (r == 0 && !p->socket_untold)
                        r = note_protocol(dirfd(dir), entry->d_name, a, p);
        }
        closedir(dir);
        return r;
}
