/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Functions return 0 or -errno (or a documented positive outcome). Where the number alone would not
 * tell a user what to do, the function also takes a `struct error *` (may be NULL) and leaves one
 * plain sentence in it: what is wrong, and what to do. Libraries never print; commands print it once. */

#include "base/macro.h"

struct error {
        char text[512];
};

/* Store the sentence (truncated to fit) and return `r` unchanged. */
int error_set(struct error *error, int r, const char *format, ...) _printf_(3, 4);
