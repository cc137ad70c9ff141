/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where what the user named lies, asked of a worker, which alone looks into files. */

#include "base/arena.h"
#include "cli/function_spec.h"
#include "prober/prober.h"
#include "prober/reply.h"

/* For one function or USDT probe of a file; the reply has one function. 0, or -errno after one line about
 * what is wrong was printed. */
int function_ask(struct prober *prober, const char *command, const struct function_spec *spec,
                 struct arena *a, struct function_reply *ret);
/* NULL, or why nothing of it can be probed. */
const char *function_missing(const struct native_function *found);
/* Notes about what a probe on it costs, and what its hits do not tell. */
void function_note_limits(const struct function_spec *spec, const struct native_function *found);
