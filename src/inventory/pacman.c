/* SPDX-License-Identifier: Apache-2.0 */

/* Arch Linux: one folder a package. */

#include "format/pacman.h"

#include "host/runtime.h"
#include "inventory/os_package.h"

#include <errno.h>
#include <stdio.h>

static const char local[] = "/var/lib/pacman/local";

static int take_files(struct inventory *inv, size_t index, const char *name)
{
        char path[512];
        _cleanup_buf_ struct buf text = BUF_INIT(DATABASE_SIZE);
        snprintf(path, sizeof(path), "%s/%.300s/files", local, name);
        int r = inventory_read_file(inv, path, &text);
        if (r < 0) {
                inv->packages.items[index].runtimes |= RUNTIME_UNKNOWN;
                inventory_limit(inv, "%s: %s", path + 1, strerror(-r));
                return r == -ENOMEM ? r : 0;
        }
        struct span rest = {text.data, text.size}, file;
        bool in_files = false;
        while (r == 0 && pacman_file_next(&rest, &in_files, &file))
                if (file.data[file.size - 1] != '/')
                        r = os_package_file_in(inv, index, (struct span){}, file);
        return r;
}

static int take_folder(void *context, struct inventory *inv, const char *name)
{
        char path[512];
        struct pacman_package p;
        (void)context;
        if (!strcmp(name, "ALPM_DB_VERSION"))
                return 0;
        _cleanup_buf_ struct buf text = BUF_INIT(METADATA_SIZE);
        snprintf(path, sizeof(path), "%s/%.300s/desc", local, name);
        int r = inventory_read_file(inv, path, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !pacman_desc_parse((struct span){text.data, text.size}, &p)) {
                inventory_limit(inv, "%s: %s; a package is missing", path + 1,
                                r < 0 ? strerror(-r) : "no name");
                return 0;
        }
        const struct os_package os = {.name = p.name,
                                      .version = p.version,
                                      .arch = p.arch,
                                      .source = p.base,
                                      .evidence = arena_strdup(&inv->arena, path)};
        r = os.evidence ? os_package_add(inv, &os) : -ENOMEM;
        return r < 0 ? r : take_files(inv, inventory_last(inv), name);
}

static int read_pacman(struct inventory *inv)
{
        int r = inventory_list(inv, local, take_folder, NULL);
        return r == -ENOMEM ? r : 0;
}

static const char *const databases[] = {local, "/var/lib/pacman/local/ALPM_DB_VERSION", NULL};

const struct reader reader_pacman = {.name = "pacman", .databases = databases, .begin = read_pacman};
