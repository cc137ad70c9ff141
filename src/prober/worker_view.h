/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: what processes in other mount namespaces see in a root otherwise than the one that
 * the root is read through: volumes of a second container of the same image, folders bound into a service. */

#include "host/mount_difference.h"
#include "prober/worker_memory.h"

/* What lies where they differ, for all namespaces that see the same there. */
struct view_part {
        struct inventory *inventory;
        mark_list marks; /* of the job's places, as seen there, in their order */
        uint64_t stamp;
        bool used;
        struct arena arena;
        struct mount_differences differences; /* whose identity it is known by */
};

/* One mount namespace. */
struct view {
        uint64_t mount_ns;
        struct arena arena;
        struct mount_differences differences;
        const char *incomparable; /* NULL, or why it is not known where it differs */
        bool ended;               /* that is because its process was gone */
        struct view_part *part;   /* NULL: not read */
};

struct view_table {
        VEC(struct view *) views;
        VEC(struct view_part *) parts;
        struct arena told;        /* of `limits` */
        VEC(const char *) limits; /* what could not be looked into */
        bool ended;               /* some namespace could not, because its process was gone */
};

void views_done(struct view_table *t);
/* Read, for all namespaces of the job, what is otherwise there than in the root; or only what is new, as
 * inventory_extend does. INVENTORY_SAME where what is told of them stays the same, INVENTORY_MORE, or
 * -ENOMEM. */
int views_read(struct worker *w, const struct probe_job *job, const struct inventory_hints *hints, bool news,
               struct view_table *t);
/* Whether something was installed or mounted there since. */
bool views_changed(const struct probe_job *job, const struct view_table *t);

/* What a path of the job's process belongs to. */
enum view_side {
        VIEW_ROOT,    /* the inventory of the root */
        VIEW_PART,    /* the one of `*ret` */
        VIEW_UNKNOWN, /* one that was not read yet, or could not be */
};
enum view_side view_of(struct worker *w, struct view_table *t, const struct probe_job *job, const char *path,
                       const struct inventory **ret);
/* Whether that process sees everything as the root is read. */
bool view_is_root(struct worker *w, struct view_table *t, const struct probe_job *job);
#define VIEW_UNREAD "it lies where something else is mounted for it, which was not looked into yet"
