/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a process, or all processes of a workload, have run: usewear/functions/1 (docs/functions.schema.json).
 * The same for every engine. Pure. */

#include "host/answer.h"
#include "inventory/package.h"
#include "report/report.h"

struct function_engine {
        int pid;
        const char *engine;            /* "cpython", "uprobe" … */
        const char *runtime, *version; /* "CPython", "3.11.2 free-threaded"; or NULL */
        int64_t since;                 /* wall s: what it tells goes back to this */
        const char **gaps;             /* sentences: what it cannot tell, and why */
        size_t gap_count;
};

struct function_package {
        struct package package;
        const char *engine;
        uint64_t modules, known, executed, silent; /* silent: not observed; the rest is unknown */
};

struct function_record {
        const char *engine;
        const struct package *package; /* or NULL: of no package */
        const char *container, *name, *signature, *file;
        uint64_t line; /* 0: none */
        enum answer_value answer;
        int64_t after;       /* wall s: what the answer speaks for begins here */
        int64_t until;       /* wall s: … and ends here; 0: no negative */
        int64_t first, last; /* wall s: when it was seen that it had run; 0: not */
        int64_t armed_since; /* wall s: of a probe; 0: no probe */
        const char *reason;
};

struct function_list {
        int pid;              /* 0: a workload */
        const char *workload; /* or NULL */
        struct function_engine *engines;
        size_t engine_count;
        struct function_package **packages;
        size_t package_count;
        struct function_record *functions;
        size_t function_count;
        const char **losses; /* sentences */
        size_t loss_count;
};

void function_list_json(const struct function_list *l, struct buf *to);
/* Packages with what they have run; with style->all each function. */
void function_list_table(const struct function_list *l, const struct table_style *style, struct buf *to);
