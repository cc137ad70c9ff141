/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One bounded walk through a tree that others made. Symbolic links are not followed, nothing but folders is
 * opened, and what is not part of the root's own disks is left out: procfs and its like, network and FUSE
 * file systems, roots of containers, container images, and (unless asked for) caches of package managers. */

#include "base/arena.h"
#include "base/vec.h"

enum walk_mounts {
        WALK_DISKS,  /* the root's own file system, and others on disks of this machine */
        WALK_MOUNTS, /* everything that is mounted below, but not what the kernel makes up */
        WALK_ONE,    /* only the file system of the root, as `du -x` */
};

/* Identity of a file's content: as long as it is the same, nobody wrote to it. */
struct walk_identity {
        uint64_t device, inode, size;
        int64_t mtime, ctime; /* ns */
};

struct walk_entry {
        const char *path, *name; /* absolute in the root; its last part */
        struct walk_identity identity;
        uint32_t mode; /* st_mode: a regular file, or a folder */
};

struct walk {
        int root_fd;
        size_t depth, most_entries; /* limits; 0: 64 and 20,000,000 */
        bool shallow;               /* only the folder itself */
        bool caches;                /* package managers' and build caches, too */
        bool tell_caches;           /* else name them as left out */
        enum walk_mounts mounts;
        uint64_t until; /* when to stop, boottime ns; 0: never */
        bool late;      /* it had to */
        /* Which readers want a file or folder of this name (bits); 0: it is not even looked at. */
        uint64_t (*wants)(void *context, const char *name, bool folder);
        /* A regular file or folder that someone wants. 0, or an error that ends the walk. */
        int (*found)(void *context, const struct walk_entry *e, uint64_t who);
        /* What was left out. */
        void (*left_out)(void *context, const char *path, const char *why);
        void *context;
        size_t entries; /* seen so far, over all walks */
};

/* Walk below `path` ("/" is the root). 0, also where it is no folder or cannot be read, or what `found`
 * returned, or -ENOMEM. */
int walk_tree(struct walk *w, const char *path);
/* The same for one regular file. */
int walk_file(struct walk *w, const char *path);
/* Whether a walk would go into a file system of this type. */
bool walk_enters_type(const struct walk *w, const char *type);
/* Identity and mode of an opened file. 0 or -errno. */
int walk_identify(int fd, struct walk_identity *ret, uint32_t *ret_mode);
bool walk_same(const struct walk_identity *a, const struct walk_identity *b);
