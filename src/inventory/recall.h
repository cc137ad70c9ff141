/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each reading of a file gave, and on which files it rests, so that the next look reads again only what
 * has changed. A file that was not there is something that a reading can rest on, too. */

#include "base/map.h"
#include "inventory/owners.h"
#include "inventory/walk.h"

struct dependency {
        const char *path;
        int error; /* 0, or why it could not be opened */
        struct walk_identity identity;
};

/* A host has some hundred thousand: no room is left between them. */
struct claim {
        uint64_t hash;
        uint32_t package; /* index, from the first package of the reading on */
} _packed_;

struct range {
        size_t first, count;
};

struct reading {
        const void *reader; /* struct reader */
        const char *path;   /* of the candidate; "" for the database that a reader begins with */
        struct walk_identity identity;
        uint32_t mode; /* st_mode */
        uint32_t next; /* index, plus 1, of another one of the same path; for those in `by_path` */
        struct range dependencies, packages, claims, limits;
        size_t limits_more; /* that it told and that had no room; while it goes on: of those before it */
        /* It claims for packages that others added, or had not the room or time that it needs: only to be
         * read anew. */
        bool tangled;
        bool gone; /* its folder was walked again, and it was not there */
};

struct recall {
        struct arena arena; /* paths */
        VEC(struct reading) readings;
        VEC(struct dependency) dependencies;
        VEC(struct claim) claims;
        struct map by_path; /* built when it is asked: path → index, plus 1, of a reading */
        size_t indexed;     /* the first so many readings are in it */
};

struct recall *recall_new(void);
struct recall *recall_free(struct recall *r); /* returns NULL */
/* The reading of that file by that reader, whatever became of the file, or NULL. Valid until the next reading
 * is added. */
const struct reading *recall_of(struct recall *r, const void *reader, const char *path);
/* The same, if the file is still the same and can be taken over; NULL otherwise. The caller checks what else
 * it rests on. */
const struct reading *recall_find(struct recall *r, const void *reader, const char *path,
                                  const struct walk_identity *identity);
/* Let go of what was built to find them, and of room that is not needed. */
void recall_rest(struct recall *r);
/* Whether the files that the reading rests on are still what they were. */
bool recall_holds(const struct recall *r, const struct reading *reading, int root_fd);
/* The file was opened (or could not be) during the reading that is added last. 0 or -ENOMEM. */
int recall_depend(struct recall *r, const char *path, int error, int fd);
/* That reading claimed the name of this hash for the package with this index of the inventory. 0 or -ENOMEM.
 */
int recall_claim(struct recall *r, uint64_t hash, size_t package);
