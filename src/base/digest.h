/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SHA-256 as lower-case hex, by libmd. */

#include "base/macro.h"

enum { DIGEST_HEX = 65 }; /* 64 digits and the NUL */

char *digest_bytes(const void *data, size_t size, char to[static DIGEST_HEX]);
/* Digest of all that can be read from the descriptor from offset 0 (its position is not moved), up to
 * `limit` bytes. 0, -EFBIG or -errno. */
int digest_file(int fd, size_t limit, char to[static DIGEST_HEX]);
