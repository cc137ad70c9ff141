/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Gates and exceptions (docs/ignore.md): which findings are suppressed, and whether the exit code trips. */

#include "base/error.h"
#include "verdict/verdict.h"

struct ignore_rules;
/* Read the rules from bytes, JSON or the text form. 0, or -EINVAL with line and reason. */
int ignore_parse(const char *bytes, size_t size, struct arena *a, struct ignore_rules **ret,
                 struct error *error);
/* Set `suppressed` on the findings that a rule covers at wall time `now`. */
void ignore_apply(struct ignore_rules *rules, int64_t now, struct verdict *v);
/* Sentences about rules that are expired or covered nothing. */
size_t ignore_remarks(const struct ignore_rules *rules, int64_t now, struct arena *a, const char ***ret);

struct gate {
        bool on;
        bool by_decision; /* else by level */
        enum level level;
        enum decision decision;
        bool allow_unknown, strict, only_fixed;
        const char *min_severity; /* rating or NULL */
};
/* "loaded", "act", … 0 or -EINVAL. */
int gate_parse(const char *text, struct gate *ret);
/* Drop the findings that --min-severity and --only-fixed leave out (in place). */
void gate_filter(const struct gate *g, struct verdict *v);
/* Whether the gate trips; *ret_reason (may stay NULL) says on what. `limits`: what the look could not see. */
bool gate_trips(const struct gate *g, const struct verdict *v, const char *const *limits, size_t limit_count,
                struct arena *a, const char **ret_reason);
