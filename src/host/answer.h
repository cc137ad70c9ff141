/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The three answers. There is no fourth, and no negative without the engine that it rests on. */

#include "base/macro.h"

enum answer_value {
        ANSWER_UNKNOWN,      /* cannot be told; `reason` says why. Zeroed memory is this answer. */
        ANSWER_NOT_OBSERVED, /* `engine` has watched since `after` and saw nothing */
        ANSWER_YES,
        _ANSWER_MAX,
};

struct answer {
        enum answer_value value;
        int64_t after;      /* wall s: the earliest moment that the answer speaks for; 0 unknown */
        int64_t since;      /* wall s: when the watching engine began (negatives), first seen (yes) */
        const char *engine; /* "mapped", "go-buildinfo", "linked", "sockets" …; NULL only where unknown */
        const char *reason; /* unknown: why; else NULL or a remark such as the address that is exposed */
};

const char *answer_name(enum answer_value value); /* "yes", "not_observed", "unknown" */
