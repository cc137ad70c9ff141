/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inventory of a whole tree, read by a worker of its own: no process, no history. */

#include "base/error.h"
#include "prober/reply.h"

struct tree_options {
        const char *path;          /* folder that is "/" of the tree */
        const char *root_id;       /* as packages name it */
        bool caches;               /* look into the caches of package managers, too */
        bool every_mount;          /* look into network and FUSE file systems that are mounted in it … */
        bool one_file_system;      /* … or into nothing that is mounted in it */
        const char *const *things; /* whose they are is asked for (inventory_owners_named) */
        size_t thing_count;
        uint64_t time;      /* ns after which what was found by then is taken; 0: TIME_TREE */
        const char *kernel; /* `uname -r` where the tree is the running host's, else NULL */
};

/* Where a file system that is mounted in the tree hangs, the tree is read again without any. What was left
 * out for want of time or for that is among the limits. 0 or -errno with a sentence. The strings lie in `a`;
 * free with inventory_reply_done. */
int tree_read(const struct tree_options *options, struct arena *a, struct inventory_reply *ret,
              struct error *error);
