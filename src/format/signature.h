/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Versions that well-known programs and libraries write into their own text: a table of patterns, and one
 * pass over the bytes for all of them. What it finds is a guess: the bytes may be quoted by somebody else.
 *
 * A line of the table is NAME, a tab, PATTERN, and perhaps a tab and file names that it is limited to
 * ("python3*,libpython3*"). '#' begins a comment. In a pattern
 *     %v   a version, which is taken       %n   a number
 *     ^    only at the start of a text     $    only at its end (first and last in the pattern)
 *     {    the version begins here, with the literal that follows (in front, or behind ^): "{3.%v"
 * and all else stands for itself. A literal run of two bytes or more must stand in front, or behind a %v that
 * stands there. */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct signature {
        const char *name, *pattern, *files; /* files: NULL for all */
        struct span anchor;                 /* the literal that is searched for */
        struct span before, after;          /* the pattern on both sides of it */
        bool starts, ends;
        bool takes_anchor; /* the anchor is the first part of the version */
        int next;          /* index + 1 of the next one whose anchor begins with the same two bytes */
};

struct signatures {
        VEC(struct signature) items;
        uint16_t heads[65536]; /* by the anchor's first two bytes: index + 1; 0: none */
};

struct signature_hit {
        const char *name, *version, *text; /* text: the matched bytes, printable */
        uint64_t at;                       /* offset of them */
};

typedef VEC(struct signature_hit) signature_hits;

/* Pointers go into `table`, which must outlive it. 0, -EBADMSG (a line that breaks the rules), -ENOMEM. */
int signatures_parse(struct span table, struct arena *a, struct signatures **ret);
struct signatures *signatures_free(struct signatures *s); /* returns NULL */
/* Each name and version once. `file` is the file's name without folder. At most 1,000. 0 or -ENOMEM. */
int signatures_find(const struct signatures *s, struct span bytes, const char *file, struct arena *a,
                    signature_hits *to);
