/* SPDX-License-Identifier: Apache-2.0 */

/* Three kinds of database in three places; one of them is in use. Advisories name the source package, the
 * binary one, or both: both are told. */

#include "inventory/os_package.h"
#include "inventory/sqlite_file.h"

#include "format/rpm_database.h"
#include "format/rpm_header.h"
#include "host/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

struct database {
        struct inventory *inv;
        const char *path;
        size_t count, damaged;
        bool more; /* than MOST_PACKAGES */
};

static const char *version_text(struct inventory *inv, const struct rpm_package *p, struct span version)
{
        int size = (int)MIN(version.size, (size_t)4096);
        return p->has_epoch && p->epoch ? arena_printf(&inv->arena, "%u:%.*s", p->epoch, size, version.data)
                                        : arena_strndup(&inv->arena, version.data, (size_t)size);
}

static int add_package(struct database *d, const struct rpm_package *p)
{
        struct inventory *inv = d->inv;
        char both[1024];
        struct span source, source_version;
        const struct os_package os = {.name = p->name, .arch = p->arch, .evidence = d->path};
        int size = snprintf(both, sizeof(both), "%.*s%s%.*s", (int)MIN(p->version.size, (size_t)400),
                            p->version.data, p->release.size ? "-" : "",
                            (int)MIN(p->release.size, (size_t)400), p->release.data ? p->release.data : "");
        int r = os_package_add(inv, &os);
        if (r < 0)
                return r;
        struct package *added = &inv->packages.items[inventory_last(inv)];
        added->version = added->source_version = version_text(inv, p, (struct span){both, (size_t)size});
        if (!added->version)
                return -ENOMEM;
        if (p->modularity.size) {
                added->module =
                        arena_strndup(&inv->arena, p->modularity.data, MIN(p->modularity.size, (size_t)500));
                if (!added->module)
                        return -ENOMEM;
        }
        if (!rpm_source_split(p->source_rpm, &source, &source_version))
                return 0;
        added->source = arena_strndup(&inv->arena, source.data, source.size);
        /* Subpackages may have a version of their own, but hardly ever an epoch of their own. */
        added->source_version = version_text(inv, p, source_version);
        return added->source && added->source_version ? 0 : -ENOMEM;
}

/* The kernel's many packages: only the running image is the kernel. */
static void judge_kernel(struct inventory *inv, struct package *p)
{
        static const char *const images[] = {"kernel-core", "kernel-default", "kernel-default-base",
                                             "kernel-uek-core", "kernel-rt-core"};
        const char *running = inv->hints.kernel_release;
        if (!str_starts(p->name, "kernel"))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(images); i++)
                if (!strcmp(p->name, images[i]) && running && p->version && str_starts(running, p->version)) {
                        p->runtimes = RUNTIME_KERNEL;
                        return;
                }
        if (str_equal(p->source, "kernel") || str_starts(p->source, "kernel-"))
                p->not_evaluated = "not the running kernel";
}

static int take_header(void *context, struct span blob)
{
        struct database *d = context;
        struct rpm_package p;
        if (d->count >= MOST_PACKAGES) {
                d->more = true;
                return 0;
        }
        if (rpm_header_parse(blob, &p) < 0) {
                d->damaged++;
                return 0;
        }
        /* Keys to check signatures with are kept like packages, and hold nothing. */
        if (span_equal(p.name, "gpg-pubkey"))
                return 0;
        int r = add_package(d, &p);
        size_t index = inventory_last(d->inv);
        struct rpm_files files = {};
        struct span folder, name;
        while (r == 0 && rpm_file_next(&p, &files, &folder, &name))
                r = os_package_file_in(d->inv, index, folder, name);
        if (r == 0)
                judge_kernel(d->inv, &d->inv->packages.items[index]);
        d->count++;
        return r;
}

static int take_row(void *context, const struct span *columns)
{
        return columns[0].size ? take_header(context, columns[0]) : 0;
}

static int read_at(void *context, uint64_t offset, void *to, size_t size)
{
        ssize_t got = pread(*(int *)context, to, size, (off_t)offset);
        return got < 0 ? -errno : (size_t)got == size ? 0 : -EBADMSG;
}

static int read_database(struct inventory *inv, const char *path, size_t *ret_count)
{
        struct database d = {.inv = inv, .path = path};
        struct stat s;
        _cleanup_close_ int fd = inventory_open(inv, path);
        if (fd < 0) {
                if (fd != -ENOENT && fd != -ENOTDIR)
                        inventory_limit(inv, "%s: %s; packages are missing", path + 1, strerror(-fd));
                return fd == -ENOMEM ? fd : 0;
        }
        if (fstat(fd, &s) < 0)
                return 0;
        const struct rpm_source source = {read_at, &fd, (uint64_t)s.st_size};
        int r = str_ends(path, ".sqlite")
                        ? sqlite_file_query(fd, "SELECT blob FROM main.Packages", take_row, &d)
                : str_ends(path, ".db") ? rpm_ndb_walk(&source, take_header, &d)
                                        : rpm_bdb_walk(&source, take_header, &d);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                inventory_limit(inv, "%s: %s; packages may be missing", path + 1, strerror(-r));
        if (d.damaged)
                inventory_limit(inv, "%s: %zu damaged headers", path + 1, d.damaged);
        if (d.more)
                inventory_too_many(inv, path);
        *ret_count = d.count;
        return 0;
}

/* What a database was not told yet lies beside it. */
static int check_log(struct inventory *inv, const char *path)
{
        char log[64];
        struct stat s;
        snprintf(log, sizeof(log), "%s-wal", path);
        _cleanup_close_ int fd = inventory_open(inv, log);
        if (fd >= 0 && fstat(fd, &s) == 0 && s.st_size > 0)
                inventory_limit(inv, "%s: holds changes that the database does not have yet", log + 1);
        return fd == -ENOMEM ? fd : 0;
}

static const char manifest[] = "/var/lib/rpmmanifest/container-manifest-2";

static const char *const databases[] = {
        "/var/lib/rpm/rpmdb.sqlite",
        "/var/lib/rpm/rpmdb.sqlite-wal",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
        "/usr/share/rpm/rpmdb.sqlite",
        "/usr/share/rpm/rpmdb.sqlite-wal",
        "/var/lib/rpm/Packages.db",
        "/usr/lib/sysimage/rpm/Packages.db",
        "/usr/share/rpm/Packages.db",
        "/var/lib/rpm/Packages",
        "/usr/lib/sysimage/rpm/Packages",
        "/usr/share/rpm/Packages",
        manifest,
        NULL,
};

/* Distroless images of Azure Linux: a table instead of a database. */
static int read_manifest(struct inventory *inv)
{
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        int r = inventory_read_file(inv, manifest, &text);
        struct span rest = {text.data, text.size}, line;
        while (r == 0 && span_cut(&rest, '\n', &line)) {
                struct span f[10] = {}, source, version;
                for (size_t i = 0; i < ARRAY_SIZE(f); i++)
                        span_cut(&line, '\t', &f[i]);
                struct os_package os = {.name = f[0], .version = f[1], .arch = f[7], .evidence = manifest};
                if (rpm_source_split(f[9], &source, &version)) {
                        os.source = source;
                        os.source_version = version;
                }
                if (!os.name.size || !os.version.size)
                        continue;
                if ((r = os_package_add(inv, &os)) == 0)
                        inv->packages.items[inventory_last(inv)].runtimes |= RUNTIME_UNKNOWN;
        }
        return r == -ENOMEM ? r : 0;
}

static int read_rpm(struct inventory *inv)
{
        int r = 0;
        for (size_t i = 0; r == 0 && databases[i] != manifest; i++) {
                const char *path = databases[i];
                size_t count = 0;
                if (str_ends(path, "-wal"))
                        continue;
                r = read_database(inv, path, &count);
                if (r == 0 && str_ends(path, ".sqlite"))
                        r = check_log(inv, path);
                if (count)
                        return r; /* the others are older, or the same by another name */
        }
        return r < 0 ? r : read_manifest(inv);
}

const struct reader reader_rpm = {.name = "rpm", .databases = databases, .begin = read_rpm};
