/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Objects of an interpreter, read from its memory. */

#include "evidence/cpython_state.h"

bool cpython_alive(struct image *i, const struct cpython_layout *l, uint64_t object, uint64_t type);
/* The same of the first 16 bytes of an object that are known. */
bool cpython_head_alive(struct image *i, const struct cpython_layout *l, const uint64_t head[2],
                        uint64_t type);
static inline unsigned cpython_tuple_items(const struct cpython_layout *l)
{
        return l->minor >= 14 ? 32 : 24; /* from 3.14 on a hash lies in front of them */
}
/* What tells a code object from others that lay there before; `code` holds its fixed part. */
uint64_t cpython_identity(const struct cpython_layout *l, const char *code);
/* The text of a str object as UTF-8. Its length, or -EBADMSG. */
ssize_t cpython_text(struct image *i, const struct cpython_layout *l, uint64_t object, char *to, size_t size);
/* Call for the entries of a combined dict, at most `most`, until it returns non-zero. -EBADMSG: no such
 * dict. */
typedef int (*cpython_entry)(void *context, uint32_t place, uint64_t key, uint64_t value);
int cpython_dict_each(struct image *i, const struct cpython_layout *l, uint64_t dict, size_t most,
                      cpython_entry each, void *context);
/* Where its entries are, and how many there are, the empty ones included; 0 or -EBADMSG. */
int cpython_dict_extent(struct image *i, const struct cpython_layout *l, uint64_t dict, uint64_t *ret_entries,
                        uint64_t *ret_count);
const char *cpython_intern(struct cpython *c, const char *text); /* NULL: out of memory */
/* Free what can be made again: to be called when a look is done. */
void cpython_rest(struct cpython *c);
