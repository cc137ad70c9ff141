/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the version schemes share: classes of ASCII characters (never the locale's), and numbers that may
 * be longer than any integer type. */

#include "base/str.h"

static inline bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static inline char to_lower(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool is_letter(char c)
{
        c = to_lower(c);
        return c >= 'a' && c <= 'z';
}

/* Cut the leading run of digits off *s. Empty if there is none. */
struct span version_digits(struct span *s);
/* Cut the leading run of letters off *s. */
struct span version_letters(struct span *s);
/* Order of two runs of digits as numbers; an empty one is 0. */
int version_number_compare(struct span a, struct span b);
/* Order of numbers with one character between them, "1.10.2"; of those that are not there: 0. */
int version_numbers_compare(struct span a, struct span b);
/* Order of bytes, case kept or folded. */
int version_bytes_compare(struct span a, struct span b);
int version_fold_compare(struct span a, struct span b);
bool version_fold_equal(struct span a, const char *lower);
bool version_number_zero(struct span digits);
