/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is asked about a package of the inventory: the same question for the verdict and for the probes, so
 * that no function goes unwatched which a finding names. */

#include "advisory/advisory.h"
#include "inventory/package.h"

/* Strings are the package's. */
struct match_query package_query(const struct package *p);
/* Equal for queries with the same answer. In the arena; NULL: out of memory. */
char *package_query_key(const struct match_query *q, struct arena *a);
