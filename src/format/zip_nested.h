/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Archives inside archives, read in place: a stored one is a window of the outer file, a deflated one is
 * inflated as far as it is asked for. Neither is ever held as a whole. */

#include "format/zip.h"

struct zip_nested;

/* The entry as the source of an archive. `outer` is borrowed and must outlive it. *budget bounds the bytes
 * that are inflated, for all archives that share it: once it is used up, reading fails with -EFBIG.
 * 0, -ENOTSUP (encrypted, another method), -EBADMSG, -ENOMEM or what the source says. */
int zip_nested_open(const struct zip *outer, const struct zip_entry *entry, uint64_t *budget,
                    struct zip_nested **ret);
struct zip_nested *zip_nested_free(struct zip_nested *n); /* returns NULL */
static inline void zip_nested_freep(struct zip_nested **n)
{
        *n = zip_nested_free(*n);
}
#define _cleanup_zip_nested_ _cleanup_(zip_nested_freep)

/* Valid while the nested one lives. */
struct zip_source zip_nested_source(struct zip_nested *n);
