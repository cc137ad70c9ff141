/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */

/* TCP sockets that begin: CLOSE to LISTEN is listen(2), CLOSE to SYN_SENT is connect(2), both in the
 * process that called. The three hooks bring the same three values. */

#include "dedup.bpf.h"
#include "task.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

static __always_inline void address_from_v4(__u8 to[16], __be32 from)
{
        __builtin_memset(to, 0, 10);
        to[10] = to[11] = 0xff;
        __builtin_memcpy(to + 12, &from, 4);
}

static __always_inline void socket_addresses(struct event_socket *to, struct sock *sock)
{
        to->family = BPF_CORE_READ(sock, __sk_common.skc_family);
        to->protocol = sock_protocol(sock);
        to->local_port = BPF_CORE_READ(sock, __sk_common.skc_num);
        to->remote_port = __builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_dport));
        if (to->family == AF_INET6) {
                BPF_CORE_READ_INTO((struct in6_addr *)to->local, sock, __sk_common.skc_v6_rcv_saddr);
                BPF_CORE_READ_INTO((struct in6_addr *)to->remote, sock, __sk_common.skc_v6_daddr);
        } else {
                address_from_v4(to->local, BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr));
                address_from_v4(to->remote, BPF_CORE_READ(sock, __sk_common.skc_daddr));
        }
}

static __always_inline int socket_made(struct sock *sock, int before, int after)
{
        struct event_socket record = {};
        if (before != TCP_CLOSE || (after != TCP_LISTEN && after != TCP_SYN_SENT))
                return 0;
        __u32 type = after == TCP_LISTEN ? EVENT_LISTEN : EVENT_CONNECT;
        socket_addresses(&record, sock);
        if (record.protocol != IPPROTO_TCP)
                return 0;
        count_made(type);
        struct task_struct *task = (void *)bpf_get_current_task();
        header_fill(&record.header, type, task, false);
        if (type == EVENT_LISTEN) {
                emit(&record.header, type, sizeof(record));
                return 0;
        }
        struct fact fact = {.cgroup = record.header.cgroup};
        __builtin_memcpy(fact.what, record.remote, sizeof(record.remote));
        fact.what[2] = record.remote_port;
        if (!fact_is_new(&peers, &fact))
                count_deduplicated(type);
        else if (!emit(&record.header, type, sizeof(record)))
                fact_forget(&peers, &fact);
        return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_btf, struct sock *sock, int before, int after)
{
        return socket_made(sock, before, after);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(socket_raw, struct sock *sock, int before, int after)
{
        return socket_made(sock, before, after);
}

SEC("tracepoint/sock/inet_sock_set_state")
int socket_tp(struct trace_event_raw_inet_sock_set_state *c)
{
        return socket_made((void *)c->skaddr, c->oldstate, c->newstate);
}
