/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Small questions about strings, and pieces of text that are not NUL-terminated. */

#include "base/macro.h"

#include <string.h>

/* A view into somebody else's bytes. */
struct span {
        const char *data;
        size_t size;
};

#define SPAN(literal) ((struct span){literal, sizeof(literal) - 1})

static inline bool str_equal(const char *a, const char *b) /* NULL equals NULL only */
{
        return a == b || (a && b && !strcmp(a, b));
}
static inline int str_compare(const char *a, const char *b) /* NULL comes first */
{
        return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

struct span span_of(const char *s); /* NULL gives an empty span */
bool span_equal(struct span s, const char *text);
bool span_starts(struct span s, const char *prefix);
bool span_ends(struct span s, const char *suffix);
/* Without its first bytes, of which there are that many. */
static inline struct span span_skip(struct span s, size_t size)
{
        return size ? (struct span){s.data + size, s.size - size} : s;
}
/* The little-endian number of so many bytes (at most 8) at the offset; false: they are not all there. */
bool span_number(struct span s, uint64_t at, size_t size, uint64_t *ret);
struct span span_trim(struct span s); /* without blanks at both ends */
/* Cut the next piece up to `separator` off the front of *rest; false when nothing is left. */
bool span_cut(struct span *rest, char separator, struct span *ret_piece);
/* Whole-span unsigned number in `base`. 0, -EINVAL (other characters, empty) or -ERANGE. */
int span_to_u64(struct span s, int base, uint64_t *ret);
int str_to_u64(const char *s, int base, uint64_t *ret);

/* Length of the valid UTF-8 sequence of several bytes at s (RFC 3629), or 0. */
size_t utf8_size(const char *s);
/* Write at most `size` bytes of `from` into `to` (with NUL), control bytes and invalid UTF-8 replaced
 * by '?': names read from other processes are shown only through this. Returns `to`. */
char *str_printable(char *to, size_t size, const char *from);
