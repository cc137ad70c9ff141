/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a look sends to the worker, and how it waits for the answers. Only files of this folder see it. */

#include "look/state.h"

/* A job in flight; lies in look.scratch. */
struct errand {
        struct look *look;
        int pid;
        uint64_t time; /* boottime ns: when it was made */
        unsigned flags;
        bool repeated;
        int failure; /* of the full reading; this one asks only who it is */
        struct known_root *root;
        struct used_file *file;
};

/* NULL: out of memory. */
struct errand *errand_new(struct look *l, int pid);
/* Dispatch the prober until it has answered everything, draining events meanwhile. 0 or -errno with a
 * sentence: then what was not answered never is, and its contexts may go. */
int errands_wait(struct look *l, struct error *error);
/* A job at this root, entered through `pid`; the kind is still to be set. */
struct probe_job root_job(const struct look *l, const struct known_root *root, int pid);
/* Why it failed. */
const char *errand_failure_text(int r);
