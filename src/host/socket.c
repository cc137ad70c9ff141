/* SPDX-License-Identifier: Apache-2.0 */
#include "host/socket.h"

#include "base/file.h"
#include "format/procfs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* Who opened a TCP connection is not in the tables. One whose local port has a listener in the same
 * namespace was accepted. Of the others, those were opened from here whose port the kernel picked
 * (ip_local_port_range); the rest may have been accepted by a listener that is gone. */

enum {
        TABLE_TEXT = 256 << 20, /* bytes: a million connections */
        MOST_SOCKETS = 4 << 20,
        TCP_LISTENING = 10,    /* TCP_LISTEN of include/net/tcp_states.h */
        LOOPBACK_INDEX = 1,    /* LOOPBACK_IFINDEX of include/net/flow.h */
        ENTRY_SIZE = 8 * 8,    /* bytes of one entry on the wire */
        LOWEST_PICKED = 32768, /* Documentation/networking/ip-sysctl.rst: the default */
};

static const char *const kinds[_SOCKET_KIND_MAX] = {
        [SOCKET_TCP] = "tcp", [SOCKET_UDP] = "udp",   [SOCKET_UDPLITE] = "udplite",
        [SOCKET_RAW] = "raw", [SOCKET_PING] = "icmp", [SOCKET_PACKET] = "packet",
};

static const struct {
        const char *file;
        enum socket_kind kind;
} tables[] = {
        {"tcp", SOCKET_TCP},         {"tcp6", SOCKET_TCP},         {"udp", SOCKET_UDP}, {"udp6", SOCKET_UDP},
        {"udplite", SOCKET_UDPLITE}, {"udplite6", SOCKET_UDPLITE}, {"raw", SOCKET_RAW}, {"raw6", SOCKET_RAW},
        {"icmp", SOCKET_PING},       {"icmp6", SOCKET_PING},
};

/* ---- reading ---------------------------------------------------------------------------------------- */

static int read_table(int pid, const char *file, struct buf *to)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, file);
        return file_read_at(AT_FDCWD, path, to);
}

static struct socket_entry *add_socket(socket_list *to)
{
        return to->count < MOST_SOCKETS ? vec_add(to) : NULL;
}

static bool is_any(const uint8_t address[static 16])
{
        static const uint8_t any[16], any_v4[16] = {[10] = 0xff, 0xff};
        return !memcmp(address, any, sizeof(any)) || !memcmp(address, any_v4, sizeof(any_v4));
}

static bool listens(const struct procfs_socket *s, enum socket_kind kind)
{
        switch (kind) {
        case SOCKET_TCP:
                return s->state == TCP_LISTENING;
        case SOCKET_RAW: /* IPPROTO_RAW only sends: raw(7) */
                return is_any(s->remote) && s->local_port != IPPROTO_RAW;
        case SOCKET_PING:
                return is_any(s->remote);
        default:
                return !s->remote_port;
        }
}

static int read_addressed(int pid, size_t table, socket_list *to)
{
        _cleanup_buf_ struct buf text = BUF_INIT(TABLE_TEXT);
        int r = read_table(pid, tables[table].file, &text);
        if (r < 0)
                return r;
        struct span rest = {text.data, text.size};
        for (struct procfs_socket s; procfs_socket_next(&rest, &s);) {
                if (!s.inode)
                        continue; /* TIME_WAIT and the like belong to nobody */
                struct socket_entry *entry = add_socket(to);
                if (!entry)
                        return -ENOMEM;
                *entry = (struct socket_entry){
                        .inode = s.inode,
                        .kind = tables[table].kind,
                        .local_port = s.local_port,
                        .remote_port = s.remote_port,
                        .role = listens(&s, tables[table].kind) ? SOCKET_LISTEN : SOCKET_CONNECTED,
                };
                memcpy(&entry->local, s.local, sizeof(entry->local));
                memcpy(&entry->remote, s.remote, sizeof(entry->remote));
        }
        return 0;
}

static int read_packet(int pid, socket_list *to)
{
        _cleanup_buf_ struct buf text = BUF_INIT(TABLE_TEXT);
        int r = read_table(pid, "packet", &text);
        if (r < 0)
                return r;
        struct span rest = {text.data, text.size};
        for (struct procfs_packet_socket s; procfs_packet_next(&rest, &s);) {
                if (!s.protocol)
                        continue;
                struct socket_entry *entry = add_socket(to);
                if (!entry)
                        return -ENOMEM;
                *entry =
                        (struct socket_entry){.inode = s.inode,
                                              .kind = SOCKET_PACKET,
                                              .role = SOCKET_LISTEN,
                                              .local_port = (uint16_t)MIN(s.interface, (uint64_t)UINT16_MAX)};
                if (s.interface == LOOPBACK_INDEX)
                        entry->local = in6addr_loopback;
        }
        return 0;
}

/* The lowest port that the kernel picks by itself; other namespaces may have other settings than ours. */
static unsigned lowest_picked(void)
{
        _cleanup_buf_ struct buf text = BUF_INIT(64);
        if (file_read_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_local_port_range", &text) < 0 || !text.size ||
            buf_add_char(&text, '\0') < 0)
                return LOWEST_PICKED;
        unsigned long low = strtoul(text.data, NULL, 10);
        return low && low <= UINT16_MAX ? (unsigned)low : LOWEST_PICKED;
}

static void find_accepted(socket_list *list)
{
        bool listening[UINT16_MAX + 1] = {};
        unsigned picked = lowest_picked();
        vec_each (s, list)
                if (s->kind == SOCKET_TCP && s->role == SOCKET_LISTEN)
                        listening[s->local_port] = true;
        vec_each (s, list)
                if (s->kind == SOCKET_TCP && s->role == SOCKET_CONNECTED)
                        s->role = listening[s->local_port] ? SOCKET_ACCEPTED
                                  : s->local_port < picked ? SOCKET_EITHER
                                                           : SOCKET_CONNECTED;
}

int socket_read(int pid, socket_list *ret)
{
        socket_list list = {};
        int r = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(tables); i++) {
                r = read_addressed(pid, i, &list);
                /* Kernels without IPv6 lack half of the tables; without the process all are missing. */
                if (r == -ENOENT && i > 0)
                        r = 0;
        }
        if (r == 0 && (r = read_packet(pid, &list)) == -ENOENT)
                r = 0;
        if (r < 0) {
                vec_done(&list);
                return r == -ENOENT ? -ESRCH : r;
        }
        find_accepted(&list);
        *ret = list;
        return 0;
}

/* ---- the wire --------------------------------------------------------------------------------------- */

void socket_pack(const socket_list *list, struct buf *to)
{
        wire_put_u64(to, list->count);
        vec_each (s, list) {
                uint64_t words[4];
                memcpy(words, &s->local, 16);
                memcpy(words + 2, &s->remote, 16);
                wire_put_u64(to, s->inode);
                wire_put_u64(to, s->kind);
                wire_put_u64(to, s->role);
                for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                        wire_put_u64(to, words[i]);
                wire_put_u64(to, (uint64_t)s->local_port << 16 | s->remote_port);
        }
}

int socket_unpack(struct wire *from, socket_list *ret)
{
        socket_list list = {};
        uint64_t count = wire_get_max(from, from->left / ENTRY_SIZE);
        for (uint64_t i = 0; i < count; i++) {
                struct socket_entry *s = vec_add(&list);
                uint64_t words[4];
                if (!s) {
                        vec_done(&list);
                        return -ENOMEM;
                }
                s->inode = wire_get_u64(from);
                s->kind = (enum socket_kind)wire_get_max(from, _SOCKET_KIND_MAX - 1);
                s->role = (enum socket_role)wire_get_max(from, _SOCKET_ROLE_MAX - 1);
                for (size_t k = 0; k < ARRAY_SIZE(words); k++)
                        words[k] = wire_get_u64(from);
                memcpy(&s->local, words, 16);
                memcpy(&s->remote, words + 2, 16);
                uint64_t ports = wire_get_max(from, UINT32_MAX);
                s->local_port = (uint16_t)(ports >> 16);
                s->remote_port = (uint16_t)ports;
        }
        if (wire_end(from) < 0) {
                vec_done(&list);
                return -EBADMSG;
        }
        *ret = list;
        return 0;
}

/* ---- what they mean --------------------------------------------------------------------------------- */

bool socket_is_loopback(const struct in6_addr *address)
{
        if (IN6_IS_ADDR_V4MAPPED(address))
                return address->s6_addr[12] == 127;
        return IN6_IS_ADDR_LOOPBACK(address);
}

/* A peer of this very host shows an address of this host on both ends. */
static bool has_foreign_peer(const struct socket_entry *s)
{
        return !socket_is_loopback(&s->remote) && memcmp(&s->local, &s->remote, sizeof(s->local)) != 0;
}

bool socket_may_expose(const struct socket_entry *s)
{
        return s->role == SOCKET_EITHER && has_foreign_peer(s);
}

bool socket_exposes(const struct socket_entry *s)
{
        switch (s->role) {
        case SOCKET_LISTEN:
                return !socket_is_loopback(&s->local);
        case SOCKET_ACCEPTED:
                return has_foreign_peer(s);
        case SOCKET_EITHER:
        case SOCKET_CONNECTED:
        case _SOCKET_ROLE_MAX:
                break;
        }
        return false;
}

static void address_text(const struct in6_addr *address, char to[static INET6_ADDRSTRLEN + 2])
{
        if (IN6_IS_ADDR_V4MAPPED(address)) {
                inet_ntop(AF_INET, &address->s6_addr[12], to, INET6_ADDRSTRLEN);
                return;
        }
        to[0] = '[';
        inet_ntop(AF_INET6, address, to + 1, INET6_ADDRSTRLEN);
        strcat(to, "]");
}

char *socket_text(const struct socket_entry *s, char to[static SOCKET_TEXT])
{
        static const char *const relations[_SOCKET_ROLE_MAX] = {
                [SOCKET_CONNECTED] = "to",
                [SOCKET_ACCEPTED] = "from",
                [SOCKET_EITHER] = "and",
        };
        char local[INET6_ADDRSTRLEN + 2] = "", remote[INET6_ADDRSTRLEN + 2] = "";
        const char *kind = s->kind < _SOCKET_KIND_MAX ? kinds[s->kind] : "";
        if (s->kind == SOCKET_PACKET) {
                snprintf(to, SOCKET_TEXT, s->local_port ? "packet, interface %u" : "packet, every interface",
                         s->local_port);
                return to;
        }
        address_text(&s->local, local);
        address_text(&s->remote, remote);
        if (s->role == SOCKET_LISTEN || s->role >= _SOCKET_ROLE_MAX)
                snprintf(to, SOCKET_TEXT, "%s %s:%u", kind, local, s->local_port);
        else if (s->role != SOCKET_ACCEPTED)
                snprintf(to, SOCKET_TEXT, "%s %s:%u %s %s:%u", kind, local, s->local_port, relations[s->role],
                         remote, s->remote_port);
        else
                snprintf(to, SOCKET_TEXT, "%s %s:%u %s %s", kind, local, s->local_port, relations[s->role],
                         remote);
        return to;
}
