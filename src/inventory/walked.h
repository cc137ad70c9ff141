/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What walks through a root leave behind for those that follow, and for whoever asks what was left out. */

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"

/* A folder that is not looked into. */
struct left {
        const char *path, *why;
};

/* What is remembered of the walks through one root, for those that follow. Zero is nothing. */
struct walked {
        struct arena arena;
        struct map hinted;        /* places and folders of modules that were walked */
        VEC(const char *) nested; /* folders that are roots of their own */
        VEC(struct left) left;
        size_t entries; /* files that were gone through */
};
void walked_done(struct walked *w);
/* That the folder was not looked into, once for each reason. 0 or -ENOMEM. */
int walked_leave(struct walked *w, const char *path, const char *why);
