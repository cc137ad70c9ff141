/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of ignore*.c: the rules as both spellings give them. docs/ignore.md describes them to users. */

#include "verdict/gate.h"

struct ignore_rule {
        const char *id;       /* any id of the bug, or NULL: all bugs */
        const char *package;  /* name of the package, its source or a purl; NULL: all; one of both is set */
        const char *workload; /* glob over workload ids, or NULL: all, and what nobody uses */
        const char *reason;
        int64_t expires; /* wall s: first second that it no longer holds; 0: never */
        bool until;      /* holds only for findings below until_level */
        enum level until_level;
        size_t place;   /* line of the text form, number of the JSON form; from 1 */
        size_t covered; /* findings */
};

struct ignore_rules {
        bool json;
        struct ignore_rule *items;
        size_t count;
};

enum {
        IGNORE_RULES_MAX = 10000,
        IGNORE_VALUE_MAX = 1024, /* bytes of one value */
};

/* Set one field from text; both spellings name them alike. 0, or -EINVAL with what is wrong. */
int ignore_rule_set(struct ignore_rule *r, struct span field, struct span value, struct arena *a,
                    struct error *error);
/* Whether the finished rule says enough. */
int ignore_rule_check(const struct ignore_rule *r, struct error *error);
int ignore_parse_text(struct span bytes, struct arena *a, struct ignore_rules *to, struct error *error);
int ignore_parse_json(struct span bytes, struct arena *a, struct ignore_rules *to, struct error *error);
