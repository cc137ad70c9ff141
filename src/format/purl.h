/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Package URLs: pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS#SUBPATH (ECMA-427;
 * github.com/package-url/purl-spec, "How to parse" and "How to build"; the rules of the types from the same
 * place). */

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum { PURL_QUALIFIERS_MAX = 64, PURL_SIZE_MAX = 16 * 1024 /* bytes of one purl */ };

struct purl_qualifier {
        const char *key, *value; /* key in lower case, value decoded, never empty */
};

/* Decoded, but spelled as it was given: the canonical form folds case where registries' own names (and OSV's)
 * do not. Only the type is in lower case. Absent parts are NULL. */
struct purl {
        const char *type, *namespace, *name, *version, *subpath;
        struct purl_qualifier qualifiers[PURL_QUALIFIERS_MAX]; /* sorted by key */
        size_t qualifier_count;
};

/* 0, -EINVAL with one sentence that says what is wrong, or -ENOMEM. Strings lie in the arena. */
int purl_parse(struct span text, struct arena *a, struct purl *ret, struct error *error);
/* The value of the qualifier, or NULL. */
const char *purl_qualifier(const struct purl *p, const char *key);
/* Append the canonical form. 0 or the buffer's error. */
int purl_write(const struct purl *p, struct buf *to);
