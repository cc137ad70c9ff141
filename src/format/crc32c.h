/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CRC-32C (RFC 3720, appendix B.4), as Google's object store gives it in x-goog-hash: big-endian, in base64.
 */

#include "base/macro.h"

#include <stddef.h>

uint32_t crc32c_update(uint32_t crc, const void *data, size_t size); /* begin with 0 */
/* "yZRlqg==" */
enum { CRC32C_TEXT = 9 };
char *crc32c_text(uint32_t crc, char to[static CRC32C_TEXT]);
