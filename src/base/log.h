/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The only place that prints diagnostics: one line on stderr, "usewear: " in front. Only commands
 * (src/cli) call it. */

#include "base/macro.h"

/* Print one line; `r` is returned unchanged so that callers can `return log_error(r, …)`. */
int log_error(int r, const char *format, ...) _printf_(2, 3);
void log_note(const char *format, ...) _printf_(1, 2);
