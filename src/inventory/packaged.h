/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The executables and libraries below some folders that belong to packages. */

#include "base/arena.h"
#include "base/map.h"
#include "inventory/inventory.h"

struct packaged {
        uint64_t device, inode, size;
        uint64_t id; /* map_hash of the build-id; 0: the first page shows none */
        const char *path;
};

/* A step of the walk: small enough that a slice of time gets some of them done, so that the list comes to its
 * end on a busy machine, too. */
struct packaged_step {
        const char *path;
        bool shallow; /* the folders in it are steps of their own */
};

struct packaged_list {
        struct arena arena; /* its limit is the caller's */
        VEC(struct packaged) files;
        VEC(const char *) folders;       /* in which packages have libraries */
        VEC(struct packaged_step) steps; /* made by the first call */
        size_t next, slices;             /* steps done, calls made */
        struct map seen;                 /* device and inode; until the list is complete */
        bool full;                       /* more files than may be listed, or more time than may be spent */
};

void packaged_done(struct packaged_list *p);
/* Go on with the list of what lies in `folders` (the same in each call) until it is complete, holds `most`
 * files, or `end` (boottime ns) has come. 1: complete, 0: not, or -ENOMEM. */
int packaged_go_on(struct packaged_list *p, const struct inventory *inv, int root_fd,
                   const char *const *folders, size_t count, size_t most, uint64_t end);
/* The list is as complete as it gets. */
bool packaged_is_over(const struct packaged_list *p);
