/* SPDX-License-Identifier: Apache-2.0 */

/* dpkg's file lists decide whose file is whose, also where the file is a Python module. Advisories speak
 * about source packages; of the kernel's many binary packages only the running image is the kernel. */

#include "inventory/dpkg_links.h"
#include "inventory/os_package.h"

#include "format/dpkg.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>

/* ---- files ------------------------------------------------------------------------------------------ */

static int take_files(struct inventory *inv, const struct diversions *moved, size_t index, struct span list)
{
        struct span line;
        const char *name = inv->packages.items[index].name;
        while (span_cut(&list, '\n', &line)) {
                char *path = (char *)line.data;
                if (line.size < 2 || *path != '/')
                        continue;
                path[line.size] = '\0'; /* the text is ours and ends with a NUL */
                int r = os_package_file(inv, index, moved ? diversion_of(moved, path, name) : path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_list(struct inventory *inv, const struct diversions *moved, size_t index,
                     const struct dpkg_package *p)
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
        return take_files(inv, moved, index, (struct span){list.data, list.size});
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
        return paths.error ? paths.error
                           : take_files(inv, NULL, index, (struct span){paths.data, paths.size});
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
        if (inv->hints.kernel_release && !strcmp(p->name, image))
                p->runtimes = RUNTIME_KERNEL;
        else
                p->not_evaluated = "not the running kernel";
}

static int add_package(struct inventory *inv, const struct dpkg_package *d, const char *evidence, size_t *ret)
{
        const struct os_package os = {d->name, d->version, d->arch, d->source, d->source_version, evidence};
        int r = os_package_add(inv, &os);
        if (r < 0)
                return r;
        *ret = inventory_last(inv);
        if (d->partial)
                inv->packages.items[*ret].runtimes |= RUNTIME_UNKNOWN;
        return 0;
}

static int read_status(struct inventory *inv, const struct diversions *moved)
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
        while (dpkg_status_next(&rest, &d)) {
                size_t index;
                if (!d.installed)
                        continue;
                if (inv->packages.count >= MOST_PACKAGES) {
                        inventory_too_many(inv, path);
                        break;
                }
                r = add_package(inv, &d, path, &index);
                if (r == 0)
                        r = read_list(inv, moved, index, &d);
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
        bool *told = context;
        if (name[0] == '.' || str_ends(name, ".md5sums"))
                return 0;
        if (inv->packages.count < MOST_PACKAGES)
                return read_status_file(inv, name);
        if (!*told)
                inventory_too_many(inv, "/var/lib/dpkg/status.d");
        *told = true;
        return 0;
}

static int read_status_folder(struct inventory *inv)
{
        bool told = false;
        int r = inventory_list(inv, "/var/lib/dpkg/status.d", read_status_entry, &told);
        return r == -ENOMEM ? r : 0;
}

static int read_dpkg(struct inventory *inv)
{
        _cleanup_(diversions_done) struct diversions moved = {.arena = ARENA_INIT(METADATA_SIZE * 4)};
        int r = diversions_read(inv, &moved);
        if (r == 0)
                r = read_status(inv, &moved);
        if (r == 0)
                r = read_status_folder(inv);
        return r < 0 ? r : alternatives_read(inv);
}

static const char *const databases[] = {"/var/lib/dpkg/status", "/var/lib/dpkg/status.d", NULL};

const struct reader reader_dpkg = {.name = "dpkg", .databases = databases, .begin = read_dpkg};
