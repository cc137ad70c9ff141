/* SPDX-License-Identifier: Apache-2.0 */
#include "made_root.h"

#include "host/runtime.h"

static void test_releases(void **state)
{
        struct fixture *f = *state;
        const struct {
                const char *os, *ecosystem, *release;
        } cases[] = {
                {"ID=ubuntu\nVERSION_ID=\"24.04\"\nVERSION=\"24.04.1 LTS (Noble)\"\n", "Ubuntu", "24.04:LTS"},
                {"ID=ubuntu\nVERSION_ID=\"24.10\"\nVERSION=\"24.10 (Oracular)\"\n", "Ubuntu", "24.10"},
                {"ID=debian\nNAME=\"Debian GNU/Linux\"\n", "Debian", NULL},
                {"ID=linuxmint\nNAME=\"Linux Mint\"\nVERSION_ID=\"22\"\nID_LIKE=\"ubuntu debian\"\n",
                 "Linux Mint", "22"},
        };
        put_dpkg(f);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                put(f, "/etc/os-release", cases[i].os);
                read_root(f, NULL, NULL);
                assert_string_equal(find(f, "tool")->ecosystem, cases[i].ecosystem);
                assert_true(str_equal(find(f, "tool")->release, cases[i].release));
        }
}

static void test_alpine(void **state)
{
        struct fixture *f = *state;
        put(f, "/etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n");
        put(f, "/lib/apk/db/installed",
            "P:libssl3\nV:3.1.4-r1\nA:x86_64\no:openssl\nF:lib\nR:libssl.so.3\n\nP:sh\nV:1\nF:bin\nR:sh\n");
        put(f, "/bin/sh", "\177ELF");
        read_root(f, NULL, NULL);
        const struct package *p = find(f, "libssl3");
        assert_non_null(p);
        assert_string_equal(p->ecosystem, "Alpine");
        assert_string_equal(p->release, "v3.18");
        assert_string_equal(p->source, "openssl");
        assert_owner(f, "/lib/libssl.so.3", "libssl3");
        assert_int_equal(find(f, "sh")->runtimes, RUNTIME_NATIVE);
}

static void test_pacman_and_opkg(void **state)
{
        struct fixture *f = *state;
        put(f, "/var/lib/pacman/local/ALPM_DB_VERSION", "9\n");
        put(f, "/var/lib/pacman/local/zlib-1.3-1/desc",
            "%NAME%\nzlib\n\n%VERSION%\n1:1.3-1\n\n%BASE%\nzlib\n");
        put(f, "/var/lib/pacman/local/zlib-1.3-1/files", "%FILES%\nusr/\nusr/lib/libz.so.1.3\n");
        put(f, "/usr/lib/opkg/status",
            "Package: uci\nVersion: 2023-1\nStatus: install user installed\nArchitecture: mips\n"
            "Conffiles:\n /etc/config/x 60bdc5fc\nInstalled-Time: 1681043266\n\n"
            "Package: libc\nVersion: 1.2.3-4\nDepends: libgcc\nStatus: install hold,user installed\n"
            "Essential: yes\nArchitecture: mips\nInstalled-Time: 1681043266\nAuto-Installed: yes\n\n");
        put(f, "/usr/lib/opkg/info/uci.list", "/sbin/uci\n");
        put(f, "/usr/lib/opkg/info/libc.list", "/lib/ld-musl-mips.so.1\n/lib/libc.so\n/usr/bin/ldd\n");
        put(f, "/opt/lib/opkg/status", "Package: nano\nVersion: 8.0-1\nStatus: install user installed\n");
        put(f, "/opt/lib/opkg/info/nano.list", "/opt/bin/nano\n");
        read_root(f, NULL, NULL);
        assert_string_equal(find(f, "zlib")->version, "1:1.3-1");
        assert_owner(f, "/usr/lib/libz.so.1.3", "zlib");
        assert_owner(f, "/sbin/uci", "uci");
        assert_string_equal(find(f, "libc")->version, "1.2.3-4");
        assert_owner(f, "/lib/libc.so", "libc");
        assert_owner(f, "/opt/bin/nano", "nano");
        assert_string_equal(find(f, "nano")->ecosystem, "Entware");
}

/* What was bought is told beside the database, so it counts also where that is not read again. */
static void test_bought_support(void **state)
{
        struct fixture *f = *state;
        static const char login[] = "/etc/apt/auth.conf.d/90ubuntu-advantage",
                          client[] = "/var/lib/ubuntu-advantage/status.json";
        const struct inventory_hints hints = {.remember = true};
        struct inventory *inv = NULL, *again = NULL;
        put_dpkg(f);
        put(f, login,
            "machine esm.ubuntu.com/apps/ubuntu/ login bearer password x\n"
            "machine esm.ubuntu.com/infra/ubuntu/ login bearer password y\n");
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &inv), 0);
        assert_false(inventory_packages(inv)->items[0].extended); /* Debian has no such thing */
        inv = inventory_free(inv);
        put(f, "/etc/os-release", "ID=ubuntu\nVERSION_ID=\"22.04\"\n");
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &inv), 0);
        assert_true(inventory_packages(inv)->items[0].extended);
        put(f, client, "{\"attached\":false,\"services\":[]}");
        assert_int_equal(inventory_read(f->fd, "x", &hints, inv, &again), 0);
        assert_false(inventory_packages(again)->items[0].extended);
        put(f, client,
            "{\"attached\":true,\"services\":[{\"name\":\"esm-infra\",\"status\":\"enabled\"},"
            "{\"name\":\"esm-apps\",\"status\":\"enabled\"}]}");
        assert_int_equal(inventory_read(f->fd, "x", &hints, again, &inv), 0);
        assert_true(inventory_packages(inv)->items[0].extended);
        inventory_free(inv);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_releases),
                T(test_alpine),
                T(test_pacman_and_opkg),
                T(test_bought_support),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
