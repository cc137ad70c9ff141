/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: the inventories of roots, and what is made of them. */

#include "prober/worker_memory.h"

void worker_roots_done(struct worker *w);
/* The inventory of the job's root: from memory, else read now. NULL: it cannot be read, or must not be. */
const struct inventory *worker_inventory_of(struct worker *w, const struct probe_job *job);
/* What the packages of a root that was read are known by, or NULL: it was not, or memory is out. */
struct copies *worker_copies_of(struct worker *w, const char *root_id, const struct inventory **ret);
