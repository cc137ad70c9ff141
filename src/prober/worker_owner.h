/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: whose a mapped file is. */

#include "prober/reply.h"
#include "prober/worker_memory.h"

/* Fill in `has_owner`, `owner`, `linked` and `doubted` of a file whose content was examined. 0 or -ENOMEM. */
int worker_attribute(struct worker *w, int fd, int root_fd, const struct probe_job *job, struct arena *a,
                     struct file_reply *reply);
