/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The engine "mapped": evidence from executable mappings of running processes, and the coverage of all
 * runtimes that follows from which interpreters a workload holds. Pure: records in, records out. */

#include "evidence/evidence.h"
#include "host/mapped_file.h"
#include "host/process.h"

/* One mapped file in one process, with the packages that it belongs to. */
struct mapped_use {
        const struct process *process;
        const struct mapped_file *file;
        const char *owner;         /* package_key() of the owner, or NULL */
        bool owner_stale;          /* what it owns is a version that is no longer installed */
        const char *const *linked; /* keys of packages linked into it (Go modules) */
        size_t linked_count;
        int64_t started; /* wall s: when the process started */
};

/* Append the evidence of one use, seen at wall time `now`. 0 or -ENOMEM. */
int mapped_evidence(const struct mapped_use *use, int64_t now, struct arena *a, evidence_list *to);

/* What an engine covers of one runtime's code in a workload. */
struct runtime_cover {
        uint32_t runtime;   /* one enum runtime bit */
        const char *engine; /* NULL: nothing, `reason` says why */
        const char *reason;
        const char *gaps; /* or NULL */
        int64_t since;    /* wall s: what it tells goes back to this */
        int64_t until;    /* wall s: … and up to this; later than now: up to now */
};

/* Append the coverage of one (workload, root): one record a runtime. `watched_since` is when events began
 * to cover it, 0 for a single look; `covers` tells of the runtimes that engines look into. 0 or -ENOMEM. */
int mapped_coverage(const struct workload *w, int64_t watched_since, int64_t now, const char *gaps,
                    const struct runtime_cover *covers, size_t cover_count, struct arena *a,
                    coverage_list *to);
