/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Packages that somebody named, and the bugs that advisories know of them: findings without a machine. */

#include "report/report.h"

struct matched_finding {
        const char *key; /* as a finding's: of the source package and the bug */
        const struct bug *bug;
        const struct package *package; /* the first one given; root and path are NULL */
        const char *purl;              /* of it, in canonical form; NULL: it has none */
        VEC(const char *) binaries;    /* names of the other ones of the same source version */
};
typedef VEC(struct matched_finding) matched_finding_list;

struct malformed {
        const char *text, *reason; /* as given, and one sentence */
};

struct matches_report {
        int64_t time; /* wall s */
        const advisory_source_list *advisories;
        size_t packages, clean; /* distinct ones given; evaluated and without a bug */
        VEC(struct not_evaluated) not_evaluated;
        VEC(struct malformed) malformed;
        VEC(const char *) limits; /* what the list itself says that it lacks */
        matched_finding_list findings;
};

/* Worst first: known exploited, then by severity, EPSS and id. */
void matches_sort(struct matches_report *r);
/* "usewear/matches/1" */
void report_matches_json(const struct matches_report *r, struct buf *to);
void report_matches_table(const struct matches_report *r, const struct table_style *style, struct buf *to);
