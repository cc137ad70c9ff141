/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A made-up root in a temporary folder, of Debian. */

#include "../temporary.h"

#include "inventory/inventory.h"

#include "base/str.h"

#include <fcntl.h>
#include <unistd.h>

/* A made-up root in a temporary folder. */
struct fixture {
        char path[64];
        int fd;
        struct inventory *inventory;
};

static inline void put(const struct fixture *f, const char *path, const char *text)
{
        folder_put(f->path, path, text, strlen(text));
}

static inline int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        snprintf(f->path, sizeof(f->path), "/tmp/usewear-root-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        put(f, "/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        *state = f;
        return 0;
}

static inline int teardown(void **state)
{
        struct fixture *f = *state;
        inventory_free(f->inventory);
        close(f->fd);
        folder_remove(f->path);
        free(f);
        return 0;
}

static inline void read_root(struct fixture *f, const char *python, const char *kernel)
{
        struct inventory_hints hints = {
                .python_paths = &python, .python_path_count = python != NULL, .kernel_release = kernel};
        f->inventory = inventory_free(f->inventory);
        assert_int_equal(inventory_read(f->fd, "host", &hints, NULL, &f->inventory), 0);
}

static inline const struct package *find(const struct fixture *f, const char *name)
{
        vec_each (p, inventory_packages(f->inventory))
                if (!strcmp(p->name, name))
                        return p;
        return NULL;
}

static inline void assert_owner(const struct fixture *f, const char *path, const char *name)
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

static inline void put_dpkg(const struct fixture *f)
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

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
