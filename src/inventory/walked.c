/* SPDX-License-Identifier: Apache-2.0 */

/* Many walks pass by the same folder: each is kept once. */

#include "inventory/walked.h"

#include <errno.h>

enum { MOST_LEFT = 1000 }; /* folders left out that are told of */

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
