/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/walked.h"

#include "base/file.h"
#include "inventory/reader.h"
#include "inventory/readers.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* However many folders a walk passes by, people are told of the reasons. */

enum {
        MOST_LEFT = 1000, /* folders left out that are told of … */
        MOST_NAMED = 2,   /* … and of those that share a reason by name */
};

void walked_done(struct walked *w)
{
        map_done(&w->hinted);
        vec_done(&w->nested);
        vec_done(&w->left);
        arena_done(&w->arena);
}

int walked_leave(struct walked *w, const char *path, const char *why)
{
        vec_each (known, &w->left)
                if (!strcmp(known->path, path) && !strcmp(known->why, why))
                        return 0;
        struct left left = {.path = arena_strdup(&w->arena, path), .why = arena_strdup(&w->arena, why)};
        struct left *slot = left.path && left.why && w->left.count < MOST_LEFT ? vec_add(&w->left) : NULL;
        if (slot)
                *slot = left;
        return slot || w->left.count >= MOST_LEFT ? 0 : -ENOMEM;
}

/* One sentence a reason, however many folders it kept us from. */
void walked_tell(struct inventory *inv)
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

static bool is_root(int root_fd, const char *path, size_t size)
{
        char release[PATH_MAX];
        if (!size || size + 32 > sizeof(release))
                return false;
        snprintf(release, sizeof(release), "%.*s/etc/os-release", (int)size, path);
        _cleanup_close_ int fd = file_open_in(root_fd, release);
        return fd >= 0;
}

int walked_note_root(struct walked *w, int root_fd, const char *path)
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
