/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the readers of one ecosystem each fill in. Only this folder sees it. */

#include "base/map.h"
#include "format/os_release.h"
#include "inventory/inventory.h"

/* Most bytes of one package database, and of one small file of metadata. */
enum { DATABASE_SIZE = 64 << 20, METADATA_SIZE = 4 << 20, INVENTORY_MEMORY = 512 << 20, MOST_LIMITS = 100 };

/* One install or upgrade in the package manager's log. */
struct log_entry {
        const char *name, *arch, *before, *after; /* versions, NULL: none */
        int64_t time;                             /* wall s */
};

struct inventory {
        struct arena arena;
        const char *root_id;
        int root_fd; /* borrowed while reading; the log is read then as well */
        struct inventory_hints hints;
        struct os_release os;
        bool has_kernel; /* the running kernel is a package here */
        bool usr_merged; /* "/lib" is "/usr/lib" here */
        package_list packages;
        struct map owners; /* canonical path → index in packages, plus 1 */
        VEC(const char *) limits;
        VEC(struct log_entry) log;
};

/* A sentence for what was left out. */
void inventory_limit(struct inventory *inv, const char *format, ...) _printf_(2, 3);
/* A new package in this root; NULL: out of memory. Valid until the next one. */
struct package *inventory_add(struct inventory *inv);
/* The path as the index spells it, a part of the argument. */
const char *inventory_canonical(const struct inventory *inv, const char *path);
/* That the file belongs to the package with this index; the first owner stays. 0 or -ENOMEM. */
int inventory_own(struct inventory *inv, const char *path, size_t index);

/* Readers: 0 or -ENOMEM; what they cannot read becomes a limit. */
int inventory_read_os(struct inventory *inv);
int inventory_read_dpkg(struct inventory *inv);
int inventory_read_dpkg_log(struct inventory *inv);
int inventory_read_python(struct inventory *inv);
/* Ecosystem and release of the distribution's packages. */
void inventory_distribution(const struct inventory *inv, const char **ret_ecosystem,
                            const char **ret_release);
