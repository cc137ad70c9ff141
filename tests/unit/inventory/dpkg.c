/* SPDX-License-Identifier: Apache-2.0 */
#include "made_root.h"

#include "host/runtime.h"

#include <time.h>

static void test_dpkg(void **state)
{
        struct fixture *f = *state;
        put_dpkg(f);
        read_root(f, NULL, NULL);
        const struct package *p = find(f, "libx1");
        assert_non_null(p);
        assert_string_equal(p->ecosystem, "Debian");
        assert_string_equal(p->release, "12");
        assert_string_equal(p->source, "libx");
        assert_string_equal(p->source_version, "1.2-3");
        assert_string_equal(p->version, "1.2-3+b1");
        assert_int_equal(p->runtimes, RUNTIME_NATIVE);
        assert_owner(f, "/lib/libx.so.1", "libx1");
        assert_null(find(f, "gone"));
        p = find(f, "half"); /* its list is missing: nobody knows what it holds */
        assert_non_null(p);
        assert_true(p->runtimes & RUNTIME_UNKNOWN);
        size_t limits;
        inventory_limits(f->inventory, &limits);
        assert_int_equal(limits, 1);
        p = find(f, "tool"); /* an init script is no code of the package's users */
        assert_int_equal(p->runtimes, RUNTIME_PYTHON);
}

static void test_module_of_the_distribution_is_no_pypi_package(void **state)
{
        struct fixture *f = *state;
        put_dpkg(f);
        read_root(f, NULL, NULL);
        assert_null(find(f, "tool-py"));
        assert_owner(f, "/usr/lib/python3/dist-packages/tool.py", "tool");
}

static void test_merged_usr(void **state)
{
        struct fixture *f = *state;
        char link[128];
        put_dpkg(f);
        read_root(f, NULL, NULL);
        assert_owner(f, "/usr/lib/libx.so.1", NULL); /* not merged: another file */
        put(f, "/usr/lib/keep", "");
        snprintf(link, sizeof(link), "%s/lib", f->path);
        rmdir(link);
        assert_int_equal(symlink("usr/lib", link), 0);
        read_root(f, NULL, NULL);
        assert_owner(f, "/usr/lib/libx.so.1", "libx1");
        assert_owner(f, "/lib/libx.so.1", "libx1");
}

static void test_distroless(void **state)
{
        struct fixture *f = *state;
        put(f, "/var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n");
        put(f, "/var/lib/dpkg/status.d/base.md5sums",
            "0123456789abcdef0123456789abcdef  usr/lib/libbase.so.1\n");
        read_root(f, NULL, NULL);
        assert_string_equal(find(f, "base-files")->path, "/var/lib/dpkg/status.d/base");
        assert_owner(f, "/usr/lib/libbase.so.1", "base-files");
}

static void test_kernel(void **state)
{
        struct fixture *f = *state;
        put(f, "/var/lib/dpkg/status",
            "Package: linux-image-6.1.0-1-amd64\nStatus: install ok installed\nSource: linux-signed-amd64 "
            "(6.1.1+1)\n"
            "Version: 6.1.1-1\nArchitecture: amd64\n\n"
            "Package: linux-image-6.1.0-2-amd64\nStatus: install ok installed\nSource: linux-signed-amd64 "
            "(6.1.2+1)\n"
            "Version: 6.1.2-1\nArchitecture: amd64\n\n"
            "Package: linux-libc-dev\nStatus: install ok installed\nSource: linux\nVersion: "
            "6.1.2-1\nArchitecture: amd64\n");
        read_root(f, NULL, "6.1.0-2-amd64");
        const struct package *p = find(f, "linux-image-6.1.0-2-amd64");
        assert_string_equal(p->source, "linux");
        assert_string_equal(p->source_version, "6.1.2-1");
        assert_int_equal(p->runtimes, RUNTIME_KERNEL);
        assert_null(p->not_evaluated);
        assert_non_null(find(f, "linux-image-6.1.0-1-amd64")->not_evaluated);
        assert_non_null(find(f, "linux-libc-dev")->not_evaluated);
        assert_null(find(f, "Kernel"));
        read_root(f, NULL, "6.18.0-other");
        p = find(f, "Kernel");
        assert_non_null(p);
        assert_non_null(p->not_evaluated);
}

static void test_version_at_a_time(void **state)
{
        struct fixture *f = *state;
        put(f, "/var/log/dpkg.log",
            "2025-06-01 10:00:00 upgrade libx1:amd64 1.1 1.2\n"
            "2025-07-01 10:00:00 upgrade libx1:amd64 1.2 1.3\n");
        read_root(f, NULL, NULL);
        struct tm june = {.tm_year = 125, .tm_mon = 5, .tm_mday = 15, .tm_isdst = -1};
        int64_t middle = (int64_t)mktime(&june), month = 30 * 24 * 3600;
        assert_string_equal(inventory_version_at(f->inventory, "libx1", "amd64", middle), "1.2");
        assert_string_equal(inventory_version_at(f->inventory, "libx1", "amd64", middle - month), "1.1");
        assert_string_equal(inventory_version_at(f->inventory, "libx1", "amd64", middle + month), "1.3");
        assert_null(inventory_version_at(f->inventory, "other", "amd64", middle));
}

static void test_links_do_not_lead_out(void **state)
{
        struct fixture *f = *state;
        char link[256];
        put(f, "/var/lib/dpkg/keep", "");
        snprintf(link, sizeof(link), "%s/var/lib/dpkg/status", f->path);
        assert_int_equal(symlink("../../../../../../../../var/lib/dpkg/status", link), 0);
        read_root(f, NULL, NULL);
        assert_int_equal(inventory_packages(f->inventory)->count, 0);
}

static void test_crafted_name_spoils_nobody(void **state)
{
        struct fixture *f = *state;
        _cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
        buf_add_str(&text, status);
        buf_add_str(&text, "Package: ");
        for (int i = 0; i < 100000; i++)
                buf_add_char(&text, 'x');
        buf_add_str(&text, "\nStatus: install ok installed\nVersion: 1\n\n");
        put_dpkg(f);
        put(f, "/var/lib/dpkg/status", text.data);
        read_root(f, NULL, NULL);
        _cleanup_arena_ struct arena a = ARENA_INIT(4 << 20);
        vec_each (p, inventory_packages(f->inventory))
                assert_non_null(package_key(p, &a));
        assert_non_null(find(f, "libx1"));
}

static void test_diversions_and_alternatives(void **state)
{
        struct fixture *f = *state;
        char link[256];
        put_dpkg(f);
        put(f, "/var/lib/dpkg/diversions", "/usr/bin/tool\n/usr/bin/tool.real\nother\n");
        put(f, "/var/lib/dpkg/alternatives/x", "auto\n/usr/bin/x\n\n/lib/libx.so.1\n10\n\n");
        put(f, "/etc/alternatives/keep", "");
        snprintf(link, sizeof(link), "%s/etc/alternatives/x", f->path);
        assert_int_equal(symlink("/lib/libx.so.1", link), 0);
        read_root(f, NULL, NULL);
        assert_owner(f, "/usr/bin/tool", NULL);
        assert_owner(f, "/usr/bin/tool.real", "tool");
        assert_owner(f, "/usr/bin/x", "libx1");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_dpkg),
                T(test_module_of_the_distribution_is_no_pypi_package),
                T(test_merged_usr),
                T(test_distroless),
                T(test_kernel),
                T(test_version_at_a_time),
                T(test_links_do_not_lead_out),
                T(test_crafted_name_spoils_nobody),
                T(test_diversions_and_alternatives),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
