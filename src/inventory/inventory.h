/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is installed in one root, and whose file is whose. Lives in the prober worker; only package
 * records leave it. */

#include "inventory/package.h"

struct inventory;

struct inventory_hints {
        const char *const *python_paths; /* module directories of interpreters that run in this root */
        size_t python_path_count;
        const char *kernel_release; /* `uname -r` where the root is the host's, else NULL */
};

/* Read everything below `root_fd` ("/" of the root). What could not be read becomes a limit, never a
 * failure: an unreadable package database is named there. 0 or -errno (memory). */
int inventory_read(int root_fd, const char *root_id, const struct inventory_hints *hints,
                   struct inventory **ret);
struct inventory *inventory_free(struct inventory *inv); /* returns NULL */
static inline void inventory_freep(struct inventory **inv)
{
        *inv = inventory_free(*inv);
}
#define _cleanup_inventory_ _cleanup_(inventory_freep)

const package_list *inventory_packages(const struct inventory *inv);
/* Sentences about what was left out ("var/lib/dpkg/status: cut at 64 MiB"). */
const char *const *inventory_limits(const struct inventory *inv, size_t *ret_count);
/* The package that owns the path (absolute in the root; usr-merge spelling does not matter), by the rules
 * of DESIGN §2: OS package first. NULL: nobody. */
const struct package *inventory_owner(const struct inventory *inv, const char *path);
/* The version of OS package `name` that was installed at wall time `at`, by the package manager's log
 * (dpkg.log), or NULL where it does not say. For files that were replaced while mapped. */
const char *inventory_version_at(const struct inventory *inv, const char *name, const char *arch, int64_t at);

/* Go modules linked into the executable behind `fd`, appended to `to` (stdlib and main module
 * included). `path` is where it lies in the root. 0 (also when it is no Go program) or -errno. */
int inventory_go_modules(int fd, const char *root_id, const char *path, struct arena *a, package_list *to);
