/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CVSS vectors → scores: version 2 (with or without parentheses or "CVSS:2.0/"), 3.0, 3.1 and 4.0. What is
 * computed is the base score; in 4.0 the vector's exploit maturity (E) counts too, as its specification
 * defines one score. Environmental metrics are checked and left out: they are somebody else's. */

#include "base/macro.h"

struct cvss {
        int version;  /* 20, 30, 31, 40 */
        double score; /* 0–10, one decimal */
};

/* 0 or -EINVAL (unknown metric or value, one twice, a base metric missing). */
int cvss_parse(const char *vector, struct cvss *ret);
/* "none", "low", "medium", "high", "critical" by the score (version 2 has no critical and no none). */
const char *cvss_rating(const struct cvss *c);
