/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What has run in one process, or in all processes of a workload, told by the engines now: no history. */

#include "base/arena.h"
#include "base/error.h"
#include "report/functions.h"

struct function_query {
        int pid;              /* 0: all processes of `workload` */
        const char *workload; /* struct workload.id */
        const char *state;    /* folder of a history that native functions are told from; NULL: none */
        const char *package;  /* NULL: all; else only of the package of that name */
        bool all;             /* every function, else only the counts by package */
};

/* Everything lies in the arena. 0; -ESRCH: no such process or workload; or -errno; always a sentence. */
int function_list_read(const struct function_query *query, struct arena *a, struct function_list *ret,
                       struct error *error);
