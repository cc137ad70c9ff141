/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What usewear watch says of its looks. */

#include "look/look.h"

/* A full look: a sentence, or a line of JSON. */
void watch_print_look(const struct look_summary *summary, bool json);

struct watch_costs {
        uint64_t least_ms;      /* what took less CPU time is not told; 0: nothing is */
        struct look_spent last; /* spent until the end of the last look */
};
/* One line of JSON about what the look that has just ended took of the CPU, step by step; "other" is what was
 * spent since the look before it. */
void watch_print_costs(struct watch_costs *c, struct look *look, const char *kind);
