/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From the history to a report: what is installed and used (evidence.db) against what is known to be
 * vulnerable (advisory.db). The same way for `scan`, `report` and `explain`. */

#include "report/report.h"
#include "store/store.h"
#include "verdict/gate.h"

struct assess_options {
        const char *state;       /* folder of both databases */
        const char *ignore_path; /* file of ignore rules, or NULL */
        enum mission mission;
        struct gate gate;
};

struct assessment {
        struct arena arena;
        struct history history;
        advisory_source_list advisories;
        struct verdict verdict;
        struct report report; /* ready but for what the look itself adds: look_seconds, limits … */
        bool trips;           /* the gate */
        const char *trip_reason;
};

/* 0, or -errno with a sentence. On failure nothing is to be freed. */
int assess(const struct assess_options *options, struct assessment *ret, struct error *error);
void assessment_done(struct assessment *a);
