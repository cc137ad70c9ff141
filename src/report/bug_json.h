/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pieces of JSON that usewear/findings/1 and usewear/matches/1 share. Private to src/report. */

#include "advisory/advisory.h"
#include "base/json.h"
#include "inventory/package.h"

void json_time(struct json *j, const char *key, int64_t wall); /* 0: null */
void json_strings(struct json *j, const char *key, const char *const *strings, size_t count);
void json_advisories(struct json *j, const advisory_source_list *list);
/* One entry of not_evaluated. */
void json_not_evaluated(struct json *j, const char *ecosystem, size_t packages, const char *reason,
                        const char *mend);
/* A finding begins with its key and the bug's names, */
void json_bug_names(struct json *j, const char *key, const struct bug *b);
/* goes on with the package, whose object is left open, */
void json_package_begin(struct json *j, const char *purl, const struct package *p, struct arena *a);
/* and says how bad the bug is, whether it is exploited, and what mends it. */
void json_bug_state(struct json *j, const struct bug *b);
