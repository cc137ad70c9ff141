/* SPDX-License-Identifier: Apache-2.0 */
#include "format/procfs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void stat_with_a_hostile_name(void **state)
{
        (void)state;
        struct procfs_stat s;
        assert_int_equal(
                procfs_stat_parse(SPAN("4711 (a) R 1 ) S 17 4711 4711 34816 5 4194304 1 2 3 4 5 6 7 8 20 0 3 "
                                       "0 123456789 1 2 3\n"),
                                  &s),
                0);
        assert_int_equal(s.pid, 4711);
        assert_int_equal(s.ppid, 17);
        assert_string_equal(s.comm, "a) R 1 ");
        assert_int_equal(s.state, 'S');
        assert_int_equal(s.threads, 3);
        assert_int_equal(s.start_ticks, 123456789);
        assert_int_equal(s.flags & PROCFS_KERNEL_THREAD, 0);
        assert_int_equal(
                procfs_stat_parse(SPAN("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4 0 0"),
                                  &s),
                0);
        assert_true(s.flags & PROCFS_KERNEL_THREAD);
        assert_int_equal(procfs_stat_parse(SPAN("2 kthreadd S 0"), &s), -EBADMSG);
        assert_int_equal(procfs_stat_parse(SPAN(")2("), &s), -EBADMSG);
        assert_int_equal(procfs_stat_parse(SPAN("2 (x) S 0 0"), &s), -EBADMSG);
        assert_int_equal(procfs_stat_parse((struct span){}, &s), -EBADMSG);
}

static void status_gives_effective_values(void **state)
{
        (void)state;
        struct procfs_status s;
        assert_int_equal(procfs_status_parse(SPAN("Name:\tpasswd\n\nUid:\t1000\t0\t0\t0\nGid:\t1\t1\t1\t1\n"
                                                  "CapEff:\t000001ffffffffff\n"),
                                             &s),
                         0);
        assert_int_equal(s.uid_real, 1000);
        assert_int_equal(s.uid_effective, 0);
        assert_true(s.capabilities == 0x1ffffffffff);
        assert_int_equal(procfs_status_parse(SPAN("Uid:\t1\t1\t1\t1\n"), &s), -EBADMSG);
        assert_int_equal(procfs_status_parse(SPAN("Uid:\tx\nCapEff:\t0\n"), &s), -EBADMSG);
}

static void mappings_keep_odd_paths(void **state)
{
        (void)state;
        struct span rest = SPAN(
                "55d0c0a00000-55d0c0a01000 r-xp 00001000 08:01 1234                       /usr/bin/a b \n"
                "garbage\n"
                "7f0000000000-7f0000001000 r--p 00000000 00:00 0 \n"
                "7f0000002000-7f0000003000 r-xp 00000000 00:01 99   /memfd:x (deleted)\n"
                "7f0000003000-7f0000002000 r-xp 00000000 00:01 99   /backwards\n"
                "7ffd1000-7ffd2000 r-xp 00000000 00:00 0    [vdso]");
        struct procfs_mapping m;
        assert_true(procfs_mapping_next(&rest, &m));
        assert_true(m.start == 0x55d0c0a00000 && m.end == 0x55d0c0a01000 && m.offset == 0x1000);
        assert_true(m.executable && !m.deleted && m.inode == 1234);
        assert_int_equal(m.device, 8 << 20 | 1);
        assert_true(span_equal(m.path, "/usr/bin/a b "));
        assert_true(procfs_mapping_next(&rest, &m));
        assert_true(!m.executable && !m.path.size);
        assert_true(procfs_mapping_next(&rest, &m));
        assert_true(m.deleted && span_equal(m.path, "/memfd:x"));
        assert_true(procfs_mapping_next(&rest, &m));
        assert_true(span_equal(m.path, "[vdso]"));
        assert_false(procfs_mapping_next(&rest, &m));
}

static void cgroup_lines(void **state)
{
        (void)state;
        struct span rest =
                SPAN("4:cpu,cpuacct:/a:b\nx\n9:pids:no-slash\n1:name=systemd:/s\n0::/v2 (deleted)\n");
        struct procfs_cgroup c;
        assert_true(procfs_cgroup_next(&rest, &c));
        assert_true(c.hierarchy == 4 && span_equal(c.path, "/a:b"));
        assert_true(procfs_list_has(c.controllers, "cpuacct") && !procfs_list_has(c.controllers, "cpua"));
        assert_true(procfs_cgroup_next(&rest, &c) && span_equal(c.controllers, "name=systemd"));
        assert_true(procfs_cgroup_next(&rest, &c) && c.hierarchy == 0 && span_equal(c.path, "/v2"));
        assert_false(procfs_cgroup_next(&rest, &c));
}

static void controllers_of_the_kernel(void **state)
{
        (void)state;
        struct span rest =
                SPAN("#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t1\t1\nmemory\t0\t14\t0\n");
        struct procfs_controller c;
        assert_true(procfs_controller_next(&rest, &c));
        assert_true(span_equal(c.name, "cpuset") && c.hierarchy == 3 && c.enabled);
        assert_true(procfs_controller_next(&rest, &c) && !c.enabled);
        assert_false(procfs_controller_next(&rest, &c));
}

static void mounts_with_escapes_and_optional_fields(void **state)
{
        (void)state;
        struct span rest = SPAN("36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root "
                                "rw,errors=continue\n"
                                "40 35 0:44 / / rw - overlay overlay rw,lowerdir=/l/A:/l/B,upperdir=/u\n"
                                "41 35 0:45 / /x rw - tmpfs  rw\nbroken - line\n");
        struct procfs_mount m;
        char point[64];
        assert_true(procfs_mount_next(&rest, &m));
        assert_true(m.id == 36 && m.major == 98 && m.minor == 0);
        assert_true(span_equal(m.root, "/mnt1") && span_equal(m.type, "ext3") &&
                    span_equal(m.source, "/dev/root"));
        assert_int_equal(procfs_unescape(m.point, point, sizeof(point)), 6);
        assert_string_equal(point, "/mnt 2");
        assert_true(procfs_mount_next(&rest, &m));
        assert_true(procfs_list_has(m.options, "upperdir=/u"));
        assert_true(procfs_mount_next(&rest, &m));
        assert_true(!m.source.size && span_equal(m.options, "rw"));
        assert_false(procfs_mount_next(&rest, &m));
        assert_int_equal(procfs_unescape(SPAN("abcdef"), point, 4), 3);
        assert_string_equal(point, "abc");
        assert_int_equal(procfs_unescape(SPAN("a\\9\\04"), point, sizeof(point)), 6);
}

static void sockets_of_both_families(void **state)
{
        (void)state;
        struct span rest =
                SPAN("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                     "timeout inode\n"
                     "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0      "
                     "  0 22334 1 x\n"
                     "   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A "
                     "00000000:00000000 00:00000000 00000000     0        0 77 1 x\n"
                     "   2: 0100007F:99999 00000000:0000 0A 0 0 0 0 0 0\n");
        struct procfs_socket s;
        assert_true(procfs_socket_next(&rest, &s));
        static const uint8_t loopback[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
        assert_memory_equal(s.local, loopback, 16);
        assert_true(s.local_port == 8080 && s.state == 10 && s.inode == 22334);
        assert_true(procfs_socket_next(&rest, &s));
        static const uint8_t documentation[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
        assert_memory_equal(s.local, documentation, 16);
        assert_true(s.local_port == 443 && s.inode == 77);
        assert_false(procfs_socket_next(&rest, &s));
}

static void packet_sockets(void **state)
{
        (void)state;
        struct span rest = SPAN("sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"
                                "0000000000000000 3      3    0003   2     1 0      0      4711  \n"
                                "0000000000000000 3      3    zzzz   2     1 0      0      4712  \n"
                                "0000000000000000 3      2    0000   0     0 0      0      4713  \n");
        struct procfs_packet_socket s;
        assert_true(procfs_packet_next(&rest, &s));
        assert_true(s.protocol == 3 && s.interface == 2 && s.inode == 4711);
        assert_true(procfs_packet_next(&rest, &s));
        assert_true(s.protocol == 0 && s.interface == 0 && s.inode == 4713);
        assert_false(procfs_packet_next(&rest, &s));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stat_with_a_hostile_name),
                cmocka_unit_test(status_gives_effective_values),
                cmocka_unit_test(mappings_keep_odd_paths),
                cmocka_unit_test(cgroup_lines),
                cmocka_unit_test(controllers_of_the_kernel),
                cmocka_unit_test(mounts_with_escapes_and_optional_fields),
                cmocka_unit_test(sockets_of_both_families),
                cmocka_unit_test(packet_sockets),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
