/* SPDX-License-Identifier: Apache-2.0 */

/* OpenWrt, Yocto, and Entware below /opt: dpkg's kind of status file, in other places, and one list of files
 * a package. */

#include "format/dpkg.h"

#include "host/runtime.h"
#include "inventory/os_package.h"

#include <errno.h>
#include <stdio.h>

/* "/usr/bin/x", or with owner and mode behind a tab. */
static int take_list(struct inventory *inv, const char *folder, size_t index, struct span name)
{
        char path[512];
        _cleanup_buf_ struct buf list = BUF_INIT(METADATA_SIZE);
        snprintf(path, sizeof(path), "%s/info/%.*s.list", folder, (int)MIN(name.size, (size_t)300),
                 name.data);
        int r = inventory_read_file(inv, path, &list);
        if (r < 0) {
                inv->packages.items[index].runtimes |= RUNTIME_UNKNOWN;
                inventory_limit(inv, "%s: %s", path + 1, strerror(-r));
                return r == -ENOMEM ? r : 0;
        }
        struct span rest = {list.data, list.size}, line, file;
        while (r == 0 && span_cut(&rest, '\n', &line))
                if (span_cut(&line, '\t', &file) && file.size > 1)
                        r = os_package_file_in(inv, index, (struct span){}, file);
        return r;
}

static int read_folder(struct inventory *inv, const char *folder, const char *status)
{
        _cleanup_buf_ struct buf text = BUF_INIT(DATABASE_SIZE);
        int r = inventory_read_file(inv, status, &text);
        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                inventory_limit(inv, "%s: %s; packages are missing", status + 1, strerror(-r));
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        struct span rest = {text.data, text.size};
        struct dpkg_package d;
        for (size_t count = 0; r == 0 && dpkg_status_next(&rest, &d); count++) {
                if (count >= MOST_PACKAGES) {
                        inventory_too_many(inv, status);
                        break;
                }
                if (!d.installed)
                        continue;
                /* "Source" is the path of a recipe here. */
                const struct os_package os = {
                        .name = d.name, .version = d.version, .arch = d.arch, .evidence = status};
                r = os_package_add(inv, &os);
                if (r == 0)
                        r = take_list(inv, folder, inventory_last(inv), d.name);
        }
        return r;
}

static int read_opkg(struct inventory *inv)
{
        int r = read_folder(inv, "/usr/lib/opkg", "/usr/lib/opkg/status");
        if (r == 0)
                r = read_folder(inv, "/var/lib/opkg", "/var/lib/opkg/status");
        size_t own = inv->packages.count;
        if (r == 0)
                r = read_folder(inv, "/opt/lib/opkg", "/opt/lib/opkg/status");
        /* Entware's, whatever distribution lies below it. */
        for (size_t i = own; i < inv->packages.count; i++) {
                struct package *p = &inv->packages.items[i];
                p->ecosystem = "Entware";
                p->release = NULL;
                p->not_evaluated = "no public advisories for its registry";
        }
        return r;
}

static const char *const databases[] = {"/usr/lib/opkg/status", "/var/lib/opkg/status",
                                        "/opt/lib/opkg/status", NULL};

const struct reader reader_opkg = {.name = "opkg", .databases = databases, .begin = read_opkg};
