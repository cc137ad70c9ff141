/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/inventory.h"

#include "base/clock.h"
#include "base/str.h"
#include "host/runtime.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* A made-up root in a temporary folder. */
struct fixture {
        char path[64];
        int fd;
        struct inventory *inventory;
};

static void put(const struct fixture *f, const char *path, const char *text)
{
        char whole[4096];
        snprintf(whole, sizeof(whole), "%s%s", f->path, path);
        for (char *slash = whole + strlen(f->path) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                mkdir(whole, 0755);
                *slash = '/';
        }
        FILE *file = fopen(whole, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        snprintf(f->path, sizeof(f->path), "/tmp/usewear-root-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        put(f, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        *state = f;
        return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
        (void)s;
        (void)type;
        (void)ftw;
        return remove(path);
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        inventory_free(f->inventory);
        close(f->fd);
        nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static void read_root(struct fixture *f, const char *python, const char *kernel)
{
        struct inventory_hints hints = {
                .python_paths = &python, .python_path_count = python != NULL, .kernel_release = kernel};
        f->inventory = inventory_free(f->inventory);
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &f->inventory), 0);
}

static const struct package *find(const struct fixture *f, const char *name)
{
        vec_each (p, inventory_packages(f->inventory))
                if (!strcmp(p->name, name))
                        return p;
        return NULL;
}

static void assert_owner(const struct fixture *f, const char *path, const char *name)
{
        const struct package *p = inventory_owner(f->inventory, path, NULL);
        if (!name) {
                assert_null(p);
                return;
        }
        assert_non_null(p);
        assert_string_equal(p->name, name);
}

static const char status[] =
        "Package: libx1\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
        "Source: libx (1.2-3)\nVersion: 1.2-3+b1\n\n"
        "Package: tool\nStatus: install ok installed\nArchitecture: all\nVersion: 2\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 3\n\n"
        "Package: half\nStatus: install reinstreq half-installed\nArchitecture: all\nVersion: 4\n\n";

static void put_dpkg(const struct fixture *f)
{
        put(f, "/var/lib/dpkg/status", status);
        put(f, "/var/lib/dpkg/info/libx1:amd64.list",
            "/.\n/lib\n/lib/libx.so.1\n/usr/share/doc/libx1/changelog\n");
        put(f, "/var/lib/dpkg/info/tool.list",
            "/usr/bin/tool\n/usr/lib/python3/dist-packages/tool.py\n"
            "/usr/lib/python3/dist-packages/tool-2.dist-info/METADATA\n/etc/init.d/tool\n");
        put(f, "/usr/bin/tool", "#!/usr/bin/env python3\n");
        put(f, "/etc/init.d/tool", "#!/bin/sh\n");
        put(f, "/usr/lib/python3/dist-packages/tool-2.dist-info/METADATA", "Name: tool-py\nVersion: 2\n");
}

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

static void test_python(void **state)
{
        struct fixture *f = *state;
        put(f, "/srv/venv/lib/python3.11/site-packages/PyYAML-5.3.dist-info/METADATA",
            "Name: PyYAML\nVersion: 5.3\n\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/PyYAML-5.3.dist-info/RECORD",
            "yaml/__init__.py,,\n_yaml.cpython-311-x86_64-linux-gnu.so,,\n../../../bin/yaml,,\n"
            "../../../../../../../../etc/passwd,,\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/old.egg-info/PKG-INFO", "Name: old\nVersion: 1\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/old.egg-info/installed-files.txt", "../old/a.py\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/flat.egg-info", "Name: flat\nVersion: 1\n");
        put(f, "/srv/venv/lib/python3.11/site-packages/broken.dist-info/METADATA", "nothing\n");
        put(f, "/usr/local/lib/python3.12/site-packages/Jinja2-2.11.2.dist-info/METADATA",
            "Name: Jinja2\nVersion: 2.11.2\n");
        put(f, "/usr/local/lib/python3.12/site-packages/Jinja2-2.11.2.dist-info/RECORD",
            "jinja2/__init__.py,,\n");
        read_root(f, "/srv/venv/lib/python3.11/site-packages", NULL);
        const struct package *p = find(f, "pyyaml");
        assert_non_null(p);
        assert_string_equal(p->ecosystem, "PyPI");
        assert_null(p->release);
        assert_int_equal(p->runtimes, RUNTIME_PYTHON | RUNTIME_NATIVE);
        assert_owner(f, "/srv/venv/lib/python3.11/site-packages/_yaml.cpython-311-x86_64-linux-gnu.so",
                     "pyyaml");
        assert_owner(f, "/srv/venv/bin/yaml", "pyyaml");
        assert_owner(f, "/srv/venv/lib/python3.11/site-packages/old/a.py", "old");
        p = find(f, "flat"); /* no list of its files: it may have extension modules */
        assert_true(p->runtimes & RUNTIME_NATIVE);
        assert_int_equal(find(f, "jinja2")->runtimes, RUNTIME_PYTHON);
        size_t limits;
        const char *const *sentences = inventory_limits(f->inventory, &limits);
        assert_int_equal(limits, 1);
        assert_non_null(strstr(sentences[0], "broken.dist-info"));
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

static void test_copies_and_links_of_python(void **state)
{
        static const char site[] = "/srv/lib/python3.11/site-packages";
        struct fixture *f = *state;
        char path[256];
        snprintf(path, sizeof(path), "%s/pip/_vendor/vendor.txt", site);
        put(f, path, "# pins\nrequests==2.31.0  # remark\n    certifi==2023.7.22\n-e x==1\n");
        snprintf(path, sizeof(path), "%s/setuptools/_vendor/packaging/__init__.py", site);
        put(f, path, "__title__ = 'x'\n__version__ = \"23.1\"\n");
        snprintf(path, sizeof(path), "%s/pip/_vendor/requests/__init__.py", site);
        put(f, path, "__version__ = \"0\"\n"); /* the list counts */
        snprintf(path, sizeof(path), "%s/mine.egg-link", site);
        put(f, path, "/srv/mine\n.\n");
        put(f, "/srv/mine/mine.egg-info/PKG-INFO", "Name: mine\nVersion: 0.1\n");
        snprintf(path, sizeof(path), "%s/edit-2.dist-info/METADATA", site);
        put(f, path, "Name: edit\nVersion: 2\n");
        snprintf(path, sizeof(path), "%s/edit-2.dist-info/RECORD", site);
        put(f, path, "__editable__.edit-2.pth,,\n");
        snprintf(path, sizeof(path), "%s/edit-2.dist-info/direct_url.json", site);
        put(f, path, "{\"url\": \"file:///srv/edit\", \"dir_info\": {\"editable\": true}}");
        read_root(f, site, NULL);
        assert_string_equal(find(f, "requests")->version, "2.31.0");
        assert_string_equal(find(f, "certifi")->version, "2023.7.22");
        assert_owner(f, "/srv/lib/python3.11/site-packages/pip/_vendor/requests/api.py", "requests");
        assert_string_equal(find(f, "packaging")->version, "23.1");
        assert_owner(f, "/srv/lib/python3.11/site-packages/setuptools/_vendor/packaging/tags.py",
                     "packaging");
        assert_owner(f, "/srv/mine/code.py", "mine");
        assert_owner(f, "/srv/edit/edit/code.py", "edit");
}

static void test_only_what_changed_is_read_again(void **state)
{
        static const char site[] = "/usr/lib/python3/dist-packages";
        struct fixture *f = *state;
        const struct inventory_hints hints = {.remember = true};
        struct inventory *inv = NULL;
        char path[256];
        put_dpkg(f);
        for (int i = 0; i < 5; i++) {
                char text[64];
                snprintf(path, sizeof(path), "%s/p%d-1.dist-info/METADATA", site, i);
                snprintf(text, sizeof(text), "Name: p%d\nVersion: 1\n", i);
                put(f, path, text);
                snprintf(path, sizeof(path), "%s/p%d-1.dist-info/RECORD", site, i);
                snprintf(text, sizeof(text), "p%d.py,,\n", i);
                put(f, path, text);
        }
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &inv), 0);
        size_t files = inventory_counts(inv).files, packages = inventory_packages(inv)->count;
        assert_true(inventory_counts(inv).read > 5);
        assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
        assert_int_equal(inventory_counts(inv).read, 0);
        assert_int_equal(inventory_counts(inv).files, files);
        assert_int_equal(inventory_packages(inv)->count, packages);
        assert_string_equal(inventory_owner(inv, "/usr/lib/python3/dist-packages/p3.py", NULL)->name, "p3");
        assert_string_equal(inventory_owner(inv, "/lib/libx.so.1", NULL)->name, "libx1");
        snprintf(path, sizeof(path), "%s/p3-1.dist-info/RECORD", site);
        put(f, path, "q3.py,,\nand.py,,\n");
        assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
        assert_int_equal(inventory_counts(inv).read, 1);
        assert_string_equal(inventory_owner(inv, "/usr/lib/python3/dist-packages/q3.py", NULL)->name, "p3");
        assert_null(inventory_owner(inv, "/usr/lib/python3/dist-packages/p3.py", NULL));
        inventory_free(inv);
}

static int extend(struct fixture *f, const char *place, struct inventory **inv)
{
        const char *const places[] = {"/srv/old", place};
        const struct inventory_hints hints = {
                .remember = true, .places = places, .place_count = ARRAY_SIZE(places)};
        return inventory_extend(f->fd, &hints, *inv, inv);
}

static bool has(const struct inventory *inv, const char *name)
{
        vec_each (p, inventory_packages(inv))
                if (!strcmp(p->name, name))
                        return true;
        return false;
}

static void test_only_new_places_are_walked(void **state)
{
        struct fixture *f = *state;
        const char *const places[] = {"/srv/old"};
        const struct inventory_hints hints = {.remember = true, .places = places, .place_count = 1};
        struct inventory *inv = NULL, *whole = NULL;
        size_t limits;
        put_dpkg(f);
        put(f, "/srv/old/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
        put(f, "/srv/old/broken.jar", "no archive");
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &inv), 0);
        inventory_limits(inv, &limits);
        const struct inventory *before = inv;
        /* Nothing there, there nothing, and nothing new there. */
        put(f, "/srv/empty/tool", "#!/bin/sh\n");
        assert_int_equal(extend(f, "/srv/empty", &inv), INVENTORY_SAME);
        assert_int_equal(extend(f, "/srv/gone", &inv), INVENTORY_SAME);
        assert_int_equal(extend(f, "/srv/old/a-1.dist-info", &inv), INVENTORY_SAME);
        assert_ptr_equal(inv, before);
        /* What came to a place that is known waits for the next walk, also if somebody names the place again
         * … */
        put(f, "/srv/old/late-1.dist-info/METADATA", "Name: late\nVersion: 1\n");
        assert_int_equal(extend(f, "/srv/old", &inv), INVENTORY_SAME);
        /* … but what is below it is looked at when it is named. */
        put(f, "/srv/old/env/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
        assert_int_equal(extend(f, "/srv/old/env", &inv), INVENTORY_MORE);
        assert_true(has(inv, "a") && has(inv, "b") && has(inv, "libx1") && !has(inv, "late"));
        put(f, "/srv/new/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
        put(f, "/srv/new/c-1.dist-info/RECORD", "c.py,,\n");
        assert_int_equal(extend(f, "/srv/new", &inv), INVENTORY_MORE);
        assert_int_equal(inventory_counts(inv).read, 0); /* once, when it was found */
        assert_string_equal(inventory_owner(inv, "/srv/new/c.py", NULL)->name, "c");
        assert_string_equal(inventory_owner(inv, "/lib/libx.so.1", NULL)->name, "libx1");
        size_t now;
        inventory_limits(inv, &now);
        assert_int_equal(now, limits);
        const char *const all[] = {"/srv/old", "/srv/new", "/srv/old/env"};
        const struct inventory_hints again = {
                .remember = true, .places = all, .place_count = ARRAY_SIZE(all)};
        assert_int_equal(inventory_read(f->fd, "host", &again, inv, &whole), 0);
        assert_true(has(whole, "late") && has(whole, "c"));
        inventory_free(whole);
}

/* Metadata that an upgrade left behind lists the same files. */
static void test_a_tie_stays_one_when_nothing_is_read_again(void **state)
{
        struct fixture *f = *state;
        const struct inventory_hints hints = {.remember = true};
        struct inventory *inv = NULL;
        put_dpkg(f);
        for (int i = 1; i <= 2; i++) {
                char path[256], text[64];
                snprintf(path, sizeof(path), "/usr/lib/python3/dist-packages/both-%d.dist-info/METADATA", i);
                snprintf(text, sizeof(text), "Name: both\nVersion: %d\n", i);
                put(f, path, text);
                snprintf(path, sizeof(path), "/usr/lib/python3/dist-packages/both-%d.dist-info/RECORD", i);
                put(f, path, "both.py,,\n");
        }
        for (int i = 0; i < 3; i++) {
                package_refs refs = {};
                bool tie = false;
                assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
                assert_true(i == 0 || inventory_counts(inv).read == 0);
                assert_null(inventory_owner(inv, "/usr/lib/python3/dist-packages/both.py", &tie));
                assert_true(tie);
                assert_int_equal(inventory_owners(inv, "/usr/lib/python3/dist-packages/both.py", &refs), 0);
                assert_int_equal(refs.count, 2);
                vec_done(&refs);
        }
        inventory_free(inv);
}

static void test_limits_that_have_no_room_are_counted(void **state)
{
        struct fixture *f = *state;
        const struct inventory_hints hints = {.whole = true, .remember = true};
        struct inventory *inv = NULL;
        for (int i = 0; i < 130; i++) {
                char path[64];
                snprintf(path, sizeof(path), "/srv/%d.jar", i);
                put(f, path, "no archive");
        }
        for (int i = 0; i < 3; i++) {
                size_t count;
                assert_int_equal(inventory_read(f->fd, "host", &hints, inv, &inv), 0);
                const char *const *sentences = inventory_limits(inv, &count);
                assert_int_equal(count, 101);
                assert_string_equal(sentences[100], "and 30 more that are not named here");
        }
        inventory_free(inv);
}

static bool is_told(const struct fixture *f, const char *text)
{
        size_t count;
        const char *const *sentences = inventory_limits(f->inventory, &count);
        for (size_t i = 0; i < count; i++)
                if (strstr(sentences[i], text))
                        return true;
        return false;
}

/* What there was no time for is told, and read the next time. */
static void test_time(void **state)
{
        struct fixture *f = *state;
        struct inventory_hints hints = {.whole = true, .remember = true, .until = 1};
        put_dpkg(f);
        put(f, "/srv/node_modules/x/package.json", "{\"name\": \"x\", \"version\": \"1\"}");
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &f->inventory), 0);
        assert_non_null(find(f, "tool"));
        assert_null(find(f, "x"));
        assert_true(is_told(f, "no time was left, from here on"));
        hints.until = 0;
        assert_int_equal(inventory_read(f->fd, "x", &hints, f->inventory, &f->inventory), 0);
        assert_non_null(find(f, "x"));
        assert_false(is_told(f, "no time was left"));
        /* What is known does not go away for want of time. */
        hints.until = 1;
        assert_int_equal(inventory_read(f->fd, "x", &hints, f->inventory, &f->inventory), 0);
        assert_non_null(find(f, "x"));
        assert_true(is_told(f, "no time was left, from here on"));
}

/* Archives share what they may unpack to; what had no room is not taken for all that there is. */
static void test_archives_together(void **state)
{
        struct fixture *f = *state;
        struct inventory_hints hints = {.whole = true, .remember = true, .inflatable = 1};
        char command[8192];
        snprintf(command, sizeof(command), "cp '%s/tests/fuzz/corpus/zip_nested/deflated' '%s/app.jar'",
                 getenv("USEWEAR_SOURCE"), f->path);
        assert_int_equal(system(command), 0);
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &f->inventory), 0);
        assert_true(is_told(f, "archives of this root unpack to more than is sane"));
        hints.inflatable = 0;
        assert_int_equal(inventory_read(f->fd, "x", &hints, f->inventory, &f->inventory), 0);
        assert_false(is_told(f, "archives of this root unpack to more than is sane"));
}

static void test_a_whole_tree(void **state)
{
        struct fixture *f = *state;
        char path[256];
        const struct inventory_hints hints = {.whole = true};
        put_dpkg(f);
        put(f, "/srv/deep/down/site/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
        put(f, "/root/.cache/pip/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
        put(f, "/srv/image/var/lib/dpkg/status", "Package: inner\nVersion: 1\n");
        put(f, "/srv/image/etc/os-release", "ID=debian\n");
        put(f, "/srv/image/usr/lib/python3/dist-packages/c-1.dist-info/METADATA", "Name: c\nVersion: 1\n");
        snprintf(path, sizeof(path), "%s/srv/pipe.dist-info", f->path);
        assert_int_equal(mkfifo(path, 0644), 0);
        snprintf(path, sizeof(path), "%s/srv/circle", f->path);
        assert_int_equal(symlink(".", path), 0);
        assert_int_equal(inventory_read(f->fd, "x", &hints, NULL, &f->inventory), 0);
        assert_non_null(find(f, "a"));
        assert_null(find(f, "b"));
        assert_null(find(f, "c"));
        assert_null(find(f, "inner"));
        /* What the distribution owns is told, too, with its owner. */
        assert_string_equal(find(f, "tool-py")->owner, "tool");
        size_t limits;
        const char *const *sentences = inventory_limits(f->inventory, &limits);
        bool told = false;
        for (size_t i = 0; i < limits; i++)
                told |= strstr(sentences[i], "left out: /srv/image: a root of its own") != NULL;
        assert_true(told);
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

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                T(test_dpkg),
                T(test_module_of_the_distribution_is_no_pypi_package),
                T(test_merged_usr),
                T(test_distroless),
                T(test_python),
                T(test_kernel),
                T(test_version_at_a_time),
                T(test_links_do_not_lead_out),
                T(test_crafted_name_spoils_nobody),
                T(test_releases),
                T(test_alpine),
                T(test_pacman_and_opkg),
                T(test_diversions_and_alternatives),
                T(test_copies_and_links_of_python),
                T(test_only_what_changed_is_read_again),
                T(test_only_new_places_are_walked),
                T(test_a_tie_stays_one_when_nothing_is_read_again),
                T(test_limits_that_have_no_room_are_counted),
                T(test_time),
                T(test_archives_together),
                T(test_a_whole_tree),
                T(test_bought_support),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
