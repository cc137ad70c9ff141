/* SPDX-License-Identifier: Apache-2.0 */
#include "host/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <cmocka.h>

static uint64_t inode_of(int fd)
{
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        return st.st_ino;
}

static const struct socket_entry *find(const socket_list *list, int fd)
{
        vec_each (s, list)
                if (s->inode == inode_of(fd))
                        return s;
        return NULL;
}

static struct sockaddr_in bind_to(int fd, const char *address)
{
        struct sockaddr_in at = {.sin_family = AF_INET};
        socklen_t size = sizeof(at);
        inet_pton(AF_INET, address, &at.sin_addr);
        assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
        return at;
}

static void own_sockets_have_their_roles(void **state)
{
        (void)state;
        int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
        int udp = socket(AF_INET, SOCK_DGRAM, 0);
        struct sockaddr_in at = bind_to(listener, "127.0.0.1");
        bind_to(udp, "0.0.0.0");
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
        int accepted = accept(listener, NULL, NULL);

        socket_list list = {};
        assert_int_equal(socket_read(getpid(), &list), 0);
        const struct socket_entry *s = find(&list, listener);
        assert_non_null(s);
        assert_int_equal(s->role, SOCKET_LISTEN);
        assert_int_equal(s->local_port, ntohs(at.sin_port));
        assert_false(socket_exposes(s));
        assert_int_equal(find(&list, client)->role, SOCKET_CONNECTED);
        assert_int_equal(find(&list, accepted)->role, SOCKET_ACCEPTED);
        assert_int_equal(find(&list, accepted)->remote_port, find(&list, client)->local_port);
        assert_false(socket_exposes(find(&list, accepted)));
        s = find(&list, udp);
        assert_true(s->role == SOCKET_LISTEN && s->kind == SOCKET_UDP && socket_exposes(s));

        _cleanup_buf_ struct buf bytes = BUF_INIT(64 << 20);
        socket_pack(&list, &bytes);
        struct wire wire = WIRE_INIT(bytes.data, bytes.size);
        socket_list copy = {};
        assert_int_equal(socket_unpack(&wire, &copy), 0);
        assert_int_equal(copy.count, list.count);
        assert_memory_equal(find(&copy, client), find(&list, client), sizeof(struct socket_entry));
        vec_done(&copy);
        for (size_t size = 0; size < bytes.size; size += 7) {
                struct wire cut = WIRE_INIT(bytes.data, size);
                assert_int_equal(socket_unpack(&cut, &copy), -EBADMSG);
        }
        vec_done(&list);
        close(listener);
        close(client);
        close(accepted);
        close(udp);
}

static void those_below_udp_and_tcp_expose_too(void **state)
{
        (void)state;
        int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), sending = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
        int frames = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), none = socket(AF_PACKET, SOCK_DGRAM, 0);
        int loopback = socket(AF_PACKET, SOCK_DGRAM, 0);
        if (raw < 0 || frames < 0)
                skip(); /* not root */
        struct sockaddr_ll at = {.sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_IP),
                                 .sll_ifindex = (int)if_nametoindex("lo")};
        assert_int_equal(bind(loopback, (struct sockaddr *)&at, sizeof(at)), 0);

        socket_list list = {};
        char text[SOCKET_TEXT];
        assert_int_equal(socket_read(getpid(), &list), 0);
        assert_true(socket_exposes(find(&list, raw)));
        assert_string_equal(socket_text(find(&list, raw), text), "raw 0.0.0.0:1");
        assert_true(find(&list, sending) && !socket_exposes(find(&list, sending)));
        assert_true(socket_exposes(find(&list, frames)));
        assert_string_equal(socket_text(find(&list, frames), text), "packet, every interface");
        assert_null(find(&list, none));
        assert_false(socket_exposes(find(&list, loopback)));
        struct sockaddr_in peer = {.sin_family = AF_INET};
        inet_pton(AF_INET, "127.0.0.1", &peer.sin_addr);
        assert_int_equal(connect(raw, (struct sockaddr *)&peer, sizeof(peer)), 0);
        vec_done(&list);
        assert_int_equal(socket_read(getpid(), &list), 0);
        assert_int_equal(find(&list, raw)->role, SOCKET_CONNECTED);
        vec_done(&list);
        close(raw), close(sending), close(frames), close(none), close(loopback);
}

static struct socket_entry entry(enum socket_role role, const char *local, const char *remote)
{
        struct socket_entry s = {.kind = SOCKET_TCP, .role = role, .local_port = 80, .remote_port = 4711};
        assert_int_equal(inet_pton(AF_INET6, local, &s.local), 1);
        assert_int_equal(inet_pton(AF_INET6, remote, &s.remote), 1);
        return s;
}

static void exposure_is_what_others_can_reach(void **state)
{
        (void)state;
        static const struct {
                enum socket_role role;
                const char *local, *remote;
                bool exposes;
                const char *text;
        } cases[] = {
                {SOCKET_LISTEN, "::ffff:0.0.0.0", "::", true, "tcp 0.0.0.0:80"},
                {SOCKET_LISTEN, "::", "::", true, "tcp [::]:80"},
                {SOCKET_LISTEN, "::1", "::", false, "tcp [::1]:80"},
                {SOCKET_LISTEN, "::ffff:127.3.2.1", "::", false, "tcp 127.3.2.1:80"},
                {SOCKET_LISTEN, "::ffff:10.0.0.1", "::", true, "tcp 10.0.0.1:80"},
                {SOCKET_ACCEPTED, "2001:db8::1", "2001:db8::7", true,
                 "tcp [2001:db8::1]:80 from [2001:db8::7]"},
                {SOCKET_ACCEPTED, "::1", "::1", false, "tcp [::1]:80 from [::1]"},
                {SOCKET_ACCEPTED, "::ffff:10.0.0.1", "::ffff:10.0.0.1", false,
                 "tcp 10.0.0.1:80 from 10.0.0.1"},
                {SOCKET_EITHER, "::ffff:10.0.0.1", "::ffff:10.0.0.7", false,
                 "tcp 10.0.0.1:80 and 10.0.0.7:4711"},
                {SOCKET_CONNECTED, "::ffff:10.0.0.1", "::ffff:10.0.0.7", false,
                 "tcp 10.0.0.1:80 to 10.0.0.7:4711"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct socket_entry s = entry(cases[i].role, cases[i].local, cases[i].remote);
                char text[SOCKET_TEXT];
                assert_string_equal(socket_text(&s, text), cases[i].text);
                assert_int_equal(socket_exposes(&s), cases[i].exposes);
        }
}

static void a_listener_that_is_gone_leaves_it_open(void **state)
{
        (void)state;
        int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(879)};
        inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
        if (bind(listener, (struct sockaddr *)&at, sizeof(at)) < 0)
                skip(); /* not root, or taken */
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
        int accepted = accept(listener, NULL, NULL);
        close(listener);

        socket_list list = {};
        assert_int_equal(socket_read(getpid(), &list), 0);
        assert_int_equal(find(&list, accepted)->role, SOCKET_EITHER);
        assert_int_equal(find(&list, client)->role, SOCKET_CONNECTED);
        assert_false(socket_may_expose(find(&list, accepted))); /* a peer on loopback */
        vec_done(&list);
        close(accepted);
        close(client);

        struct socket_entry s = entry(SOCKET_EITHER, "::ffff:10.0.0.1", "::ffff:10.0.0.7");
        assert_true(socket_may_expose(&s) && !socket_exposes(&s));
}

static void a_process_that_is_gone(void **state)
{
        (void)state;
        socket_list list = {};
        assert_int_equal(socket_read(0x7ffffffe, &list), -ESRCH);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(own_sockets_have_their_roles),
                cmocka_unit_test(those_below_udp_and_tcp_expose_too),
                cmocka_unit_test(exposure_is_what_others_can_reach),
                cmocka_unit_test(a_listener_that_is_gone_leaves_it_open),
                cmocka_unit_test(a_process_that_is_gone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
