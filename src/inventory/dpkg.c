/* SPDX-License-Identifier: Apache-2.0 */

/* dpkg's file lists decide whose file is whose, also where the file is a Python module. Advisories speak
 * about source packages; of the kernel's many binary packages only the running image is the kernel. */

#include "inventory/reader.h"

#include "base/file.h"
#include "format/dpkg.h"
#include "host/runtime.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { MOST_PACKAGES = 100000, SNIFFED = 64 };

static const char *copy(struct inventory *inv, struct span s)
{
        return s.size ? arena_strndup(&inv->arena, s.data, s.size) : NULL;
}

/* ---- files ------------------------------------------------------------------------------------------ */

/* Documentation and translations are neither code nor ever mapped; they are half of all paths. */
static bool is_ballast(const char *path)
{
        static const char *const folders[] = {
                "/usr/share/doc/",   "/usr/share/man/",     "/usr/share/locale/",  "/usr/share/info/",
                "/usr/share/icons/", "/usr/share/lintian/", "/usr/share/zoneinfo/"};
        for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
                if (str_starts(path, folders[i]))
                        return true;
        return false;
}

/* Configuration, maintainer and completion scripts are run by the system, not by the package's users. */
static bool is_auxiliary(const char *path)
{
        return str_starts(path, "/etc/") || str_starts(path, "/usr/share/bash-completion/") ||
               str_starts(path, "/usr/share/zsh/") || str_starts(path, "/usr/share/debhelper/") ||
               str_starts(path, "/usr/share/perl5/Debian/Debhelper/") ||
               str_starts(path, "/usr/share/python3/") || str_starts(path, "/usr/src/") ||
               str_starts(path, "/var/lib/dpkg/");
}

static bool may_be_program(const char *path)
{
        const char *slash = strrchr(path, '/');
        if (!slash || strchr(slash, '.'))
                return false;
        return strstr(path, "/bin/") || strstr(path, "/sbin/") || strstr(path, "/lib/") ||
               strstr(path, "/libexec/") || strstr(path, "/games/") || str_starts(path, "/opt/");
}

/* By its first bytes: machine code, or a script and its interpreter. */
static uint32_t sniff(const struct inventory *inv, const char *path)
{
        _cleanup_close_ int fd = file_open_in(inv->root_fd, path);
        char head[SNIFFED + 1] = "";
        ssize_t n = fd < 0 ? -1 : pread(fd, head, SNIFFED, 0);
        if (n < 4)
                return 0; /* a folder, a broken link, or nothing that could run */
        if (!memcmp(head, "\177ELF", 4))
                return RUNTIME_NATIVE;
        if (head[0] != '#' || head[1] != '!')
                return 0;
        char *program = head + 2 + strspn(head + 2, " \t");
        program[strcspn(program, "\r\n")] = '\0';
        char *end = program + strcspn(program, " \t");
        if (*end) {
                *end = '\0';
                if (str_ends(program, "/env")) {
                        program = end + 1 + strspn(end + 1, " \t");
                        program[strcspn(program, " \t")] = '\0';
                }
        }
        uint32_t runtime = runtime_of_program(program);
        return runtime ? runtime : RUNTIME_UNKNOWN;
}

static int take_files(struct inventory *inv, size_t index, struct span list)
{
        struct span line;
        while (span_cut(&list, '\n', &line)) {
                char *path = (char *)line.data;
                if (line.size < 2 || *path != '/')
                        continue;
                path[line.size] = '\0'; /* the text lies in the arena and ends with a NUL */
                if (is_ballast(path))
                        continue;
                int r = inventory_own(inv, path, index);
                if (r < 0)
                        return r;
                if (is_auxiliary(path))
                        continue;
                uint32_t runtime = runtime_of_file_name(path);
                if (!runtime && may_be_program(path))
                        runtime = sniff(inv, path);
                inv->packages.items[index].runtimes |= runtime;
        }
        return 0;
}

static int read_list(struct inventory *inv, size_t index, const struct dpkg_package *p)
{
        char path[512];
        int name = (int)MIN(p->name.size, (size_t)200), arch = (int)MIN(p->arch.size, (size_t)50);
        _cleanup_buf_ struct buf list = BUF_INIT(DATABASE_SIZE);
        snprintf(path, sizeof(path), "/var/lib/dpkg/info/%.*s.list", name, p->name.data);
        int r = inventory_read_file(inv, path, &list);
        if (r == -ENOENT) {
                snprintf(path, sizeof(path), "/var/lib/dpkg/info/%.*s:%.*s.list", name, p->name.data, arch,
                         p->arch.data);
                r = inventory_read_file(inv, path, &list);
        }
        if (r < 0) {
                inv->packages.items[index].runtimes |= RUNTIME_UNKNOWN;
                inventory_limit(inv, "%s: %s", path + 1, strerror(-r));
                return 0;
        }
        char *text = arena_strndup(&inv->arena, list.data ? list.data : "", list.size);
        return text ? take_files(inv, index, (struct span){text, list.size}) : -ENOMEM;
}

/* Distroless images list files with their digests: "…  usr/lib/libssl.so.3". */
static int read_md5sums(struct inventory *inv, size_t index, const char *file)
{
        _cleanup_buf_ struct buf list = BUF_INIT(DATABASE_SIZE), paths = BUF_INIT(DATABASE_SIZE);
        int r = inventory_read_file(inv, file, &list);
        if (r < 0) {
                inv->packages.items[index].runtimes |= RUNTIME_UNKNOWN;
                inventory_limit(inv, "%s: %s", file + 1, strerror(-r));
                return 0;
        }
        struct span rest = {list.data, list.size}, line;
        while (span_cut(&rest, '\n', &line)) {
                struct span digest;
                if (!span_cut(&line, ' ', &digest))
                        continue;
                line = span_trim(line);
                buf_add_char(&paths, '/');
                buf_add(&paths, line.data, line.size);
                buf_add_char(&paths, '\n');
        }
        char *text =
                paths.error ? NULL : arena_strndup(&inv->arena, paths.data ? paths.data : "", paths.size);
        return text ? take_files(inv, index, (struct span){text, paths.size}) : -ENOMEM;
}

/* ---- packages --------------------------------------------------------------------------------------- */

static bool is_kernel_source(const char *source)
{
        return str_equal(source, "linux") || str_starts(source, "linux-signed");
}

/* linux-signed-amd64 is built from linux, and carries the same version as the image. */
static void judge_kernel(struct inventory *inv, struct package *p)
{
        if (!is_kernel_source(p->source))
                return;
        char image[256];
        snprintf(image, sizeof(image), "linux-image-%s",
                 inv->hints.kernel_release ? inv->hints.kernel_release : "");
        p->source = "linux";
        p->source_version = p->version;
        if (inv->hints.kernel_release && !strcmp(p->name, image)) {
                p->runtimes = RUNTIME_KERNEL;
                inv->has_kernel = true;
        } else
                p->not_evaluated = "not the running kernel";
}

static int add_package(struct inventory *inv, const struct dpkg_package *d, const char *evidence, size_t *ret)
{
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        inventory_distribution(inv, &p->ecosystem, &p->release);
        p->name = copy(inv, d->name);
        p->version = copy(inv, d->version);
        p->arch = copy(inv, d->arch);
        p->source = copy(inv, d->source);
        p->source_version = copy(inv, d->source_version);
        p->path = evidence;
        if (!p->name || !p->source || (d->version.size && !p->version))
                return -ENOMEM;
        if (d->partial)
                p->runtimes |= RUNTIME_UNKNOWN;
        *ret = inv->packages.count - 1;
        return 0;
}

static int read_status(struct inventory *inv)
{
        static const char path[] = "/var/lib/dpkg/status";
        _cleanup_buf_ struct buf text = BUF_INIT(DATABASE_SIZE);
        int r = inventory_read_file(inv, path, &text);
        if (r == -ENOENT)
                return 0;
        if (r < 0 && r != -EFBIG) {
                inventory_limit(inv, "%s: %s; packages are missing", path + 1, strerror(-r));
                return 0;
        }
        if (r == -EFBIG)
                inventory_limit(inv, "%s: cut at %d MiB; packages are missing", path + 1,
                                DATABASE_SIZE >> 20);
        struct span rest = {text.data, text.size};
        struct dpkg_package d;
        while (inv->packages.count < MOST_PACKAGES && dpkg_status_next(&rest, &d)) {
                size_t index;
                if (!d.installed)
                        continue;
                r = add_package(inv, &d, path, &index);
                if (r == 0)
                        r = read_list(inv, index, &d);
                if (r < 0)
                        return r;
                judge_kernel(inv, &inv->packages.items[index]);
        }
        return 0;
}

static int read_status_file(struct inventory *inv, const char *name)
{
        char path[512], sums[520];
        snprintf(path, sizeof(path), "/var/lib/dpkg/status.d/%.200s", name);
        snprintf(sums, sizeof(sums), "%s.md5sums", path);
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        int r = inventory_read_file(inv, path, &text);
        if (r < 0) {
                inventory_limit(inv, "%s: %s; a package is missing", path + 1, strerror(-r));
                return 0;
        }
        struct span rest = {text.data, text.size};
        struct dpkg_package d;
        size_t index;
        const char *evidence = arena_strdup(&inv->arena, path);
        if (!evidence)
                return -ENOMEM;
        if (!dpkg_status_next(&rest, &d) || !d.installed)
                return 0;
        r = add_package(inv, &d, evidence, &index);
        return r < 0 ? r : read_md5sums(inv, index, sums);
}

static int read_status_entry(void *context, struct inventory *inv, const char *name)
{
        (void)context;
        if (name[0] == '.' || str_ends(name, ".md5sums") || inv->packages.count >= MOST_PACKAGES)
                return 0;
        return read_status_file(inv, name);
}

static int read_status_folder(struct inventory *inv)
{
        int r = inventory_list(inv, "/var/lib/dpkg/status.d", read_status_entry, NULL);
        return r == -ENOMEM ? r : 0;
}

/* The running kernel of a host is a package also where no package manager knows it. */
static int add_unpackaged_kernel(struct inventory *inv)
{
        if (!inv->hints.kernel_release || inv->has_kernel)
                return 0;
        struct package *p = inventory_add(inv);
        if (!p)
                return -ENOMEM;
        p->ecosystem = "Linux";
        p->name = p->source = "Kernel";
        p->version = p->source_version = inv->hints.kernel_release;
        p->path = "/proc/version";
        p->runtimes = RUNTIME_KERNEL;
        p->not_evaluated = "the running kernel belongs to no package here";
        return 0;
}

static int read_dpkg(struct inventory *inv)
{
        int r = read_status(inv);
        if (r == 0)
                r = read_status_folder(inv);
        return r < 0 ? r : add_unpackaged_kernel(inv);
}

const struct reader reader_dpkg = {.name = "dpkg", .begin = read_dpkg};
