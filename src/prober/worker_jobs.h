/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: the jobs that have a file of their own. Each appends its record; 0 or -errno. */

#include "base/buf.h"
#include "prober/prober.h"

struct worker;

int worker_inventory(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_stamp(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_file(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_functions(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_calls(struct worker *w, const struct probe_job *job, struct buf *reply);
int worker_breaks(const struct probe_job *job, struct buf *reply);
int worker_runtimes(struct worker *w, const struct probe_job *job, struct buf *reply);
void worker_runtimes_done(struct worker *w);
