/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pieces of JSON that usewear/findings/1 and usewear/matches/1 share. Private to src/report. */

#include "advisory/advisory.h"
#include "base/json.h"

void json_time(struct json *j, const char *key, int64_t wall); /* 0: null */
void json_strings(struct json *j, const char *key, const char *const *strings, size_t count);
void json_advisories(struct json *j, const advisory_source_list *list);
void json_severity(struct json *j, const struct severity *s);
void json_exploitation(struct json *j, const struct bug *b); /* kev and epss */
