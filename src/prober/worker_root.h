/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: the inventories of roots, and what is made of them. */

#include "prober/worker_memory.h"

void worker_roots_done(struct worker *w);
/* The inventory of the job's root: from memory, else read now. NULL: it cannot be read, or must not be; for
 * an urgent job, in memory it is not. */
const struct inventory *worker_inventory_of(struct worker *w, const struct probe_job *job);
/* The one that tells whose this path is when the job's process names it; `*ret_unread` (untouched otherwise):
 * it lies where that process sees something else than the root's inventory, which was not read. NULL as
 * above. */
const struct inventory *worker_inventory_at(struct worker *w, const struct probe_job *job, const char *path,
                                            bool *ret_unread);
/* The root as its inventory was read, whatever the job's process sees in it: a descriptor, or -errno where
 * nobody is left to enter it through. */
int worker_first_root_open(struct worker *w, const struct probe_job *job);
/* Whether the job's process sees the root so. */
bool worker_sees_root(struct worker *w, const struct probe_job *job);

/* Whether a file that changed at that time (wall ns) may belong to another version than the inventory says.
 */
bool worker_inventory_is_older(struct worker *w, const char *root_id, int64_t changed);
/* What the packages of a root that was read are known by, or NULL: it was not, or memory is out; for an
 * urgent job also: nobody has asked before. */
struct copies *worker_copies_of(struct worker *w, const char *root_id, const struct inventory **ret);
