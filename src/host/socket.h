/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sockets of one network namespace, from /proc/PID/net/{tcp,udp,udplite,raw,icmp}{,6} and packet, to be
 * joined with the socket inodes of processes. */

#include "base/vec.h"
#include "base/wire.h"

#include <netinet/in.h>

enum socket_kind {
        SOCKET_TCP, /* MPTCP, too: its first subflow has the inode of the whole */
        SOCKET_UDP,
        SOCKET_UDPLITE,
        SOCKET_RAW,    /* the local port is the protocol */
        SOCKET_PING,   /* echo requests and their answers */
        SOCKET_PACKET, /* frames of an interface (the local port is its index), or of every one (0) */
        _SOCKET_KIND_MAX,
};

enum socket_role {
        SOCKET_LISTEN,    /* TCP listener, or another that receives from anybody */
        SOCKET_CONNECTED, /* opened from here */
        SOCKET_ACCEPTED,  /* local port is one that somebody listens on in this namespace */
        SOCKET_EITHER,    /* nobody listens there any more, and the kernel does not pick such ports */
        _SOCKET_ROLE_MAX,
};

struct socket_entry {
        uint64_t inode;
        enum socket_kind kind;
        enum socket_role role;
        struct in6_addr local, remote; /* IPv4 as ::ffff:a.b.c.d */
        uint16_t local_port, remote_port;
};

typedef VEC(struct socket_entry) socket_list;

/* Read the tables of the namespace that `pid` is in. 0 or -errno. */
int socket_read(int pid, socket_list *ret);
void socket_pack(const socket_list *list, struct buf *to);
int socket_unpack(struct wire *from, socket_list *ret);

bool socket_is_loopback(const struct in6_addr *address);
/* Makes a process of this socket reachable from the network: listens on, or accepted a peer from,
 * an address that is not loopback. */
bool socket_exposes(const struct socket_entry *s);
/* It would, if it was accepted; whether it was cannot be told. */
bool socket_may_expose(const struct socket_entry *s);
enum { SOCKET_TEXT = 128 };
/* "tcp 0.0.0.0:80", "tcp [::]:443 from 10.0.0.7" */
char *socket_text(const struct socket_entry *s, char to[static SOCKET_TEXT]);
