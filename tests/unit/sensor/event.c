/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/sensor.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

struct record {
        union {
                struct event_header header;
                struct event_exec exec;
                struct event_fork fork;
                struct event_exit exit;
                struct event_map map;
                struct event_socket socket;
                char bytes[4096];
        };
};

static void start(struct record *r, unsigned type, size_t size)
{
        memset(r, 0, sizeof(*r));
        r->header = (struct event_header){.version = EVENT_VERSION,
                                          .type = (uint16_t)type,
                                          .size = (uint32_t)size,
                                          .time = 7,
                                          .start = 5,
                                          .cgroup = 3,
                                          .tgid = 100,
                                          .tid = 101,
                                          .uid = 1000,
                                          .mount_ns = 11,
                                          .pid_ns = 12,
                                          .comm = "victim"};
}

static size_t make_exec(struct record *r)
{
        static const char tail[] = "/bin/ls\0/tmp\0ls\0-l\0";
        size_t size = sizeof(struct event_exec) + sizeof(tail);
        start(r, EVENT_EXEC, size);
        r->exec.parent = 99;
        r->exec.path_size = 8;
        r->exec.cwd_size = 5;
        r->exec.args_size = 6;
        memcpy(r->exec.tail, tail, sizeof(tail));
        return size;
}

static size_t make_map(struct record *r)
{
        static const char path[] = "/usr/lib/libz.so.1";
        size_t size = sizeof(struct event_map) + sizeof(path);
        start(r, EVENT_MAP, size);
        r->map.address = 0x1000;
        r->map.size = 0x2000;
        r->map.offset = 0x3000;
        r->map.inode = 42;
        r->map.device = 8 << 20 | 1;
        r->map.generation = 9;
        r->map.path_size = sizeof(path);
        memcpy(r->map.tail, path, sizeof(path));
        return size;
}

static void test_names(void **state)
{
        (void)state;
        enum event_type type;
        for (unsigned i = 1; i < _EVENT_MAX; i++) {
                assert_int_equal(event_type_parse(event_type_name(i), &type), 0);
                assert_int_equal(type, i);
        }
        assert_int_equal(event_type_parse("unknown", &type), -EINVAL);
        assert_string_equal(event_type_name(_EVENT_MAX), "unknown");
        assert_string_equal(event_type_name(0), "unknown");
}

static void test_exec(void **state)
{
        (void)state;
        struct record r;
        struct event e;
        size_t size = make_exec(&r);
        assert_int_equal(event_decode(&r, size, &e), 0);
        assert_int_equal(e.type, EVENT_EXEC);
        assert_int_equal(e.tgid, 100);
        assert_int_equal(e.tid, 101);
        assert_int_equal(e.cgroup, 3);
        assert_string_equal(e.comm, "victim");
        assert_string_equal(e.exec.path, "/bin/ls");
        assert_string_equal(e.exec.cwd, "/tmp");
        assert_int_equal(e.exec.args_size, 6);
        assert_memory_equal(e.exec.args, "ls\0-l\0", 7);
        assert_false(e.exec.args_cut);
}

static void test_map(void **state)
{
        (void)state;
        struct record r;
        struct event e;
        size_t size = make_map(&r);
        assert_int_equal(event_decode(&r, size, &e), 0);
        assert_string_equal(e.map.path, "/usr/lib/libz.so.1");
        assert_int_equal(e.map.inode, 42);
        assert_int_equal(e.map.generation, 9);
        /* A path that the kernel could not tell is empty, not missing. */
        start(&r, EVENT_MAP, sizeof(struct event_map));
        assert_int_equal(event_decode(&r, sizeof(struct event_map), &e), 0);
        assert_string_equal(e.map.path, "");
}

static void test_fixed(void **state)
{
        (void)state;
        struct record r;
        struct event e;
        start(&r, EVENT_EXIT, sizeof(struct event_exit));
        r.exit.code = 256;
        r.exit.address = 0x401000;
        assert_int_equal(event_decode(&r, sizeof(struct event_exit), &e), 0);
        assert_int_equal(e.exit.code, 256);
        assert_int_equal(e.exit.address, 0x401000);
        start(&r, EVENT_FORK, sizeof(struct event_fork));
        r.fork.parent = 55;
        r.fork.forker = 56;
        assert_int_equal(event_decode(&r, sizeof(struct event_fork), &e), 0);
        assert_int_equal(e.fork.parent, 55);
        assert_int_equal(e.fork.forker, 56);
        start(&r, EVENT_CONNECT, sizeof(struct event_socket));
        r.socket.remote_port = 443;
        r.socket.remote[15] = 1;
        assert_int_equal(event_decode(&r, sizeof(struct event_socket), &e), 0);
        assert_int_equal(e.socket.remote_port, 443);
        assert_int_equal(e.socket.remote[15], 1);
}

static void test_refused(void **state)
{
        (void)state;
        struct record r;
        struct event e = {.tgid = 4711};
        size_t size = make_exec(&r);
        r.header.version++;
        assert_int_equal(event_decode(&r, size, &e), -EPROTO);
        start(&r, _EVENT_MAX, sizeof(struct event_header));
        assert_int_equal(event_decode(&r, sizeof(struct event_header), &e), -EPROTO);
        start(&r, EVENT_MOVED, sizeof(struct event_header));
        assert_int_equal(event_decode(&r, sizeof(struct event_header), &e), -EPROTO);
        size = make_map(&r);
        memset(r.header.comm, 'x', sizeof(r.header.comm));
        assert_int_equal(event_decode(&r, size, &e), -EBADMSG);
        assert_int_equal(e.tgid, 4711); /* untouched on failure */
}

/* Every length but the right one is refused, and so is every size field that is off by one. */
static void test_sizes(void **state)
{
        (void)state;
        struct record r;
        struct event e;
        size_t whole = make_exec(&r);
        for (size_t size = 0; size < whole + 8; size++) {
                r.header.size = (uint32_t)size;
                int got = event_decode(&r, size, &e);
                assert_int_equal(got, size == whole ? 0 : -EBADMSG);
        }
        for (int field = 0; field < 3; field++)
                for (int by = -1; by <= 1; by += 2) {
                        make_exec(&r);
                        uint16_t *sizes[] = {&r.exec.path_size, &r.exec.cwd_size, &r.exec.args_size};
                        *sizes[field] = (uint16_t)(*sizes[field] + by);
                        assert_int_equal(event_decode(&r, whole, &e), -EBADMSG);
                }
        whole = make_map(&r);
        r.map.tail[3] = 0; /* a NUL inside the path */
        assert_int_equal(event_decode(&r, whole, &e), -EBADMSG);
        whole = make_map(&r);
        r.map.path_size = UINT16_MAX;
        assert_int_equal(event_decode(&r, whole, &e), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names), cmocka_unit_test(test_exec),    cmocka_unit_test(test_map),
                cmocka_unit_test(test_fixed), cmocka_unit_test(test_refused), cmocka_unit_test(test_sizes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
