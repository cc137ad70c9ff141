/* SPDX-License-Identifier: Apache-2.0 */

/* A root inside of a root is known by the database that its distribution keeps. However many folders a walk
 * passes by, people are told of the reasons. */

#include "inventory/left_out.h"
#include "inventory/readers.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { MOST_NAMED = 2 }; /* folders of those that share a reason */

static bool is_root(int root_fd, const char *path, size_t size)
{
        char release[PATH_MAX];
        if (!size || size + 32 > sizeof(release))
                return false;
        snprintf(release, sizeof(release), "%.*s/etc/os-release", (int)size, path);
        _cleanup_close_ int fd = file_open_in(root_fd, release);
        return fd >= 0;
}

int left_out_root(struct walked *w, int root_fd, const char *path)
{
        size_t size = 0;
        for (size_t i = 0; readers[i] && !size; i++)
                for (const char *const *name = readers[i]->databases; name && *name && !size; name++)
                        if (str_ends(path, *name) && is_root(root_fd, path, strlen(path) - strlen(*name)))
                                size = strlen(path) - strlen(*name);
        if (!size)
                return 0;
        const char *copy = arena_strndup(&w->arena, path, size);
        if (!copy)
                return -ENOMEM;
        vec_each (known, &w->nested)
                if (!strcmp(*known, copy))
                        return 0;
        const char **slot = vec_add(&w->nested);
        if (!slot)
                return -ENOMEM;
        *slot = copy;
        return walked_leave(w, copy, "a root of its own; see usewear sbom --root");
}

/* One sentence a reason, however many folders it kept us from. */
void left_out_tell(struct inventory *inv)
{
        const struct walked *w = &inv->walked;
        for (size_t i = 0; i < w->left.count; i++) {
                const char *why = w->left.items[i].why, *names[MOST_NAMED];
                size_t count = 0, before = 0;
                for (; before < i && strcmp(w->left.items[before].why, why) != 0; before++)
                        ;
                if (before < i)
                        continue; /* told already */
                for (size_t n = i; n < w->left.count; n++)
                        if (!strcmp(w->left.items[n].why, why)) {
                                if (count < MOST_NAMED)
                                        names[count] = w->left.items[n].path;
                                count++;
                        }
                if (count == 1)
                        inventory_limit(inv, "left out: %.255s: %s", names[0], why);
                else if (count == 2)
                        inventory_limit(inv, "left out: %.255s, %.255s: %s", names[0], names[1], why);
                else
                        inventory_limit(inv, "left out: %.255s, %.255s and %zu more: %s", names[0], names[1],
                                        count - MOST_NAMED, why);
        }
}
