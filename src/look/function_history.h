/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What `usewear watch` has seen of native functions in one workload: a probe tells only what happens while it
 * is there, so that this is history and nothing else. */

#include "base/arena.h"
#include "base/error.h"
#include "report/functions.h"

typedef VEC(struct function_record) function_record_list;

/* The functions that were watched in it, each with its package. `since`: wall s, of the oldest that is armed,
 * 0 none. 0, with nothing where there is no history; or -errno with a sentence. Strings and packages lie in
 * the arena. */
int function_history_read(const char *state, const char *workload, struct arena *a, function_record_list *ret,
                          int64_t *ret_since, struct error *error);
