/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which ids are names of one bug. */

#include "advisory/match.h"
#include "base/map.h"

struct name {
        const char *text;
        size_t parent;
        size_t size;   /* of the set, at its root */
        size_t listed; /* serial of the last list of CVEs that it was put in */
};

/* An entry under one of the names. */
struct member {
        size_t name;
        const struct hit *hit;
};

struct groups {
        struct match_context *c;
        struct map places; /* text → index + 1 */
        size_t serial;     /* of the list of CVEs being made */
        VEC(struct name) names;
        VEC(struct member) members;
};
void names_done(struct groups *g);

/* Put an entry under the names of its record, and join what these call the same. 0 or -ENOMEM. */
int names_add(struct groups *g, const struct hit *h);
/* A group without CVE: an alias that is stored under another package's name may know it. 0 or -errno with a
 * sentence in the context. */
int names_complete(struct groups *g);
/* The name that stands for all that are one with this one. */
size_t names_root(struct groups *g, size_t name);
bool id_is_bulletin(const char *id);
