/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/package.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct package libssl = {.root = "host",
                                      .ecosystem = "Debian",
                                      .release = "12",
                                      .name = "libssl3",
                                      .version = "3.0.15-1~deb12u1",
                                      .arch = "amd64",
                                      .source = "openssl",
                                      .source_version = "3.0.15-1~deb12u1",
                                      .path = "/var/lib/dpkg/status",
                                      .runtimes = 1};

static void test_keys(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        assert_string_equal(package_key(&libssl, &a),
                            "host|Debian:12|libssl3|3.0.15-1~deb12u1|amd64|/var/lib/dpkg/status");
        assert_string_equal(package_portable_key(&libssl, &a), "Debian:12|libssl3|3.0.15-1~deb12u1|amd64");
        struct package odd = {.root = "a|b", .ecosystem = "PyPI", .name = "x%y\n"};
        assert_string_equal(package_key(&odd, &a), "a%7Cb|PyPI|x%25y%0A|||");
}

static void test_purls(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        const struct {
                struct package p;
                const char *purl;
        } cases[] = {
                {libssl,
                 "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl"},
                {{.ecosystem = "SUSE",
                  .release = "Linux Enterprise Server 15 SP5",
                  .name = "libz1",
                  .version = "1:1.2-3",
                  .source = "zlib",
                  .source_version = "1:1.2-4"},
                 "pkg:rpm/suse/libz1@1.2-3?distro=sles-15.5&epoch=1&upstream=zlib%401:1.2-4"},
                {{.ecosystem = "openSUSE", .release = "Leap 15.6", .name = "a", .version = "1"},
                 "pkg:rpm/opensuse/a@1?distro=opensuse-leap-15.6"},
                {{.ecosystem = "openSUSE:Tumbleweed", .name = "a", .version = "1"},
                 "pkg:rpm/opensuse/a@1?distro=opensuse-tumbleweed"},
                {{.ecosystem = "AlmaLinux",
                  .release = "8",
                  .name = "a",
                  .version = "1",
                  .module = "nodejs:18:8080:x"},
                 "pkg:rpm/almalinux/a@1?distro=almalinux-8&rpmmod=nodejs:18:8080:x"},
                {{.ecosystem = "Ubuntu", .release = "24.04:LTS", .name = "curl", .version = "8+1"},
                 "pkg:deb/ubuntu/curl@8%2B1?distro=ubuntu-24.04"},
                {{.ecosystem = "Go", .name = "github.com/Masterminds/goutils", .version = "v1.1.0"},
                 "pkg:golang/github.com/masterminds/goutils@v1.1.0"},
                {{.ecosystem = "PyPI", .name = "pyyaml", .version = "5.3"}, "pkg:pypi/pyyaml@5.3"},
                {{.ecosystem = "ConanCenter", .name = "zlib", .version = "1.3"}, "pkg:conan/zlib@1.3"},
                {{.ecosystem = "npm", .name = "@babel/core", .version = "7.0.0"},
                 "pkg:npm/%40babel/core@7.0.0"},
                {{.ecosystem = "Maven", .name = "org.apache:log4j", .version = "2"},
                 "pkg:maven/org.apache/log4j@2"},
                {{.ecosystem = "Maven", .name = "junit", .version = "4"}, "pkg:generic/junit@4"},
                {{.ecosystem = "Plan9", .name = "rc"}, "pkg:generic/rc"},
        };
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_string_equal(package_purl(&cases[i].p, &a), cases[i].purl);
}

static void test_wire(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
        struct package given = libssl;
        given.module = "nodejs:18";
        given.extended = true;
        package_pack(&given, &b);
        struct wire w = WIRE_INIT(b.data, b.size);
        struct package back;
        assert_int_equal(package_unpack(&w, &a, &back), 0);
        assert_int_equal(wire_end(&w), 0);
        assert_string_equal(package_key(&back, &a), package_key(&libssl, &a));
        assert_string_equal(back.source, "openssl");
        assert_null(back.not_evaluated);
        assert_string_equal(back.module, "nodejs:18");
        assert_true(back.extended);
        for (size_t size = 0; size < b.size; size++) {
                w = WIRE_INIT(b.data, size);
                assert_int_equal(package_unpack(&w, &a, &back), -EBADMSG);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys), cmocka_unit_test(test_purls),
                                           cmocka_unit_test(test_wire)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
