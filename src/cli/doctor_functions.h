/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What usewear doctor says of functions of native code: how they would be watched here, and how a watch that
 * keeps its history in the state folder watches them now. */

#include "base/json.h"
#include "evidence/evidence.h"

struct sensor;

struct unarmed_functions {
        const char *reason;
        size_t functions;
};

struct function_diagnosis {
        const char *probes;  /* "uprobe_multi", "perf uprobe", or NULL: none can be had */
        const char *sampler; /* what tells which code runs, or NULL */
        bool admin;          /* probes want CAP_SYS_ADMIN */
        struct arena arena;
        size_t watched, armed;                 /* functions of the history, in all workloads */
        VEC(const char *) hot;                 /* subjects that were taken away for running too often */
        VEC(struct unarmed_functions) unarmed; /* those that have no probe for another reason, most first */
        spared_list spared;                    /* files that are not probed any more */
        const char *unread;                    /* NULL, or why there is no history */
};

/* `s` may be NULL. */
void function_diagnose(struct sensor *s, const char *state, struct function_diagnosis *ret);
void function_diagnosis_done(struct function_diagnosis *d);
void function_diagnosis_print(const struct function_diagnosis *d);
void function_diagnosis_json(struct json *j, const struct function_diagnosis *d);
