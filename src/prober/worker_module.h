/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: whose a module is. */

#include "prober/worker_memory.h"

struct module_owner {
        const struct package *package; /* NULL: nobody's, or … */
        const char *shared; /* … by this path it belongs to several with equal right; else NULL */
};

/* The owner of a module's file, by whatever path it was imported. `root_fd` is -1 until a file has to be
 * opened, then a descriptor for the next ones, which the caller closes, or another negative. `shared` lies in
 * `a`, or lives as long as the inventory. */
struct module_owner worker_module_owner(struct worker *w, const struct probe_job *job,
                                        const struct inventory *inventory, const char *file,
                                        const char *module, struct arena *a, int *root_fd);
