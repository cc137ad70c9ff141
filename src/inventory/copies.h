/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which packaged file a file under another name is: a hard link, a bind mount or a copy keeps the inode or
 * the build-id, and it is the package's code wherever it lies. */

#include "inventory/inventory.h"

struct copies;

struct copies *copies_new(void); /* NULL: out of memory */
struct copies *copies_free(struct copies *c);
static inline void copies_freep(struct copies **c)
{
        *c = copies_free(*c);
}
#define _cleanup_copies_ _cleanup_(copies_freep)

/* The package whose file `fd` is, by inode, else by build-id, else (where the packaged file has none) by size
 * and content. `object` is what struct mapped_file calls it, or NULL. The executables and libraries of
 * packages below the system's folders and the inventory's Python paths are listed the first time that
 * somebody asks. `c` keeps the list; once it is outdated, those parts of it are made anew whose packages are
 * others.
 *
 * 1: found. 0: it is no packaged file. -EAGAIN: not found, and the list is not complete: the time for one
 * call is over (the next one goes on), or there are too many files. -ENOMEM. */
int copies_find(struct copies *c, const struct inventory *inv, int root_fd, int fd, const char *object,
                const struct package **ret);

/* Whether the list is as complete as it gets: asking takes no time for it. */
bool copies_are_listed(const struct copies *c, const struct inventory *inv);

/* The next inventory is another one. */
void copies_outdate(struct copies *c);

/* Packages of the distribution that ship a library or program of this name ("libz.so.1.3" stands for
 * "libz.so.1" too) in a folder that was listed; appended to `to`, each once. 0 or -ENOMEM. */
int copies_named(const struct copies *c, const struct inventory *inv, const char *name, package_refs *to);
