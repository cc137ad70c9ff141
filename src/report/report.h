/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Findings as text. Pure: everything comes in, bytes come out; one file a format. */

#include "base/buf.h"
#include "verdict/verdict.h"

struct report {
        struct {
                const char *id, *name, *os, *kernel, *boot_id;
        } host;
        int64_t time;                /* wall s of the last look */
        int64_t inventory_time;      /* wall s: when all that is installed was read; 0: not known */
        int64_t now;                 /* wall s of the report, for ages */
        size_t processes, workloads; /* looked at */
        double look_seconds;         /* negative: no look was made (report from history) */
        const advisory_source_list *advisories;
        const coverage_list *coverage;
        const loss_list *losses;
        const char *const *limits; /* sentences about what could not be seen */
        size_t limit_count;
        const char *const *remarks; /* about ignore rules */
        size_t remark_count;
        const struct verdict *verdict;
        enum mission mission; /* that the verdict was made for */
};

struct table_style {
        bool colour, all; /* all: every row, else the worst `rows` */
        unsigned width;   /* columns */
        unsigned rows;
};

/* "usewear/findings/1" */
void report_json(const struct report *r, struct buf *to);
/* What `scan` and `report` show on a terminal. */
void report_table(const struct report *r, const struct table_style *style, struct buf *to);
/* Everything about the findings of one bug (any alias), 0 or -ENOENT. */
int report_explain(const struct report *r, const char *id, const struct table_style *style, struct buf *to);
