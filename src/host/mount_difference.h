/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Two processes of one root need not see the same files in it: replicas of an image have volumes of their
 * own, and a service may have folders bound into its own mount namespace. */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

/* The topmost folder (or single file) that is something else for the one than for the other, and all below
 * it. */
struct mount_difference {
        const char *path; /* absolute in the root */
        const char *type; /* of the file system that the second one sees there; NULL: of its root's own */
};

struct mount_differences {
        VEC(struct mount_difference) items; /* by path */
        const char *identity;               /* the same for all who see the same there; "": nobody differs */
};

/* Compare what two processes of one root see, by their /proc/PID/mountinfo
 * (Documentation/filesystems/proc.rst 3.5). The file system that "/" is counts as the same one. What lies in
 * /proc, /sys, /dev and /run is left out. Asks no file system. Strings lie in `a`. 0, -E2BIG (too many mounts
 * to compare) or -ENOMEM. */
int mounts_compare(struct span base, struct span other, struct arena *a, struct mount_differences *ret);
/* Whether the path is, or lies below, one of them. */
bool mounts_differ_at(const struct mount_differences *d, const char *path);
void mount_differences_done(struct mount_differences *d); /* frees the array; strings are the arena's */
