/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether code has run, by what its memory says. */

#include "evidence/cpython_state.h"

enum cpython_ran cpython_judge(const struct cpython_layout *l, const void *code, const uint8_t *units,
                               size_t unit_count, bool *ret_traced);
/* Whether each way through this 3.12 code leaves a trace. */
bool cpython_312_is_sound(const uint8_t *units, size_t count);
void cpython_312_each_callee(const uint8_t *units, size_t count,
                             void (*each)(void *context, uint32_t version), void *context);
enum cpython_ran cpython_312_judge(const uint8_t *units, size_t count, bool *ret_traced);
/* How much of the bytecode `cpython_judge` wants to see. */
size_t cpython_units_needed(const struct cpython_layout *l, size_t units);
