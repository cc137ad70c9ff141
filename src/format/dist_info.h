/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What Python installers leave behind: METADATA and PKG-INFO (core metadata specification), RECORD
 * (recording installed projects specification, CSV). */

#include "base/arena.h"
#include "base/str.h"

struct dist_info {
        const char *name; /* normalised: lower case, runs of "-_." are one "-" (PEP 503) */
        const char *version;
};

/* Headers up to the first empty line. 0, -EBADMSG without Name or Version, -ENOMEM. */
int dist_info_parse(struct span metadata, struct arena *a, struct dist_info *ret);
/* PEP 503. NULL: out of memory. */
char *dist_info_normalise(struct span name, struct arena *a);
/* The path of the next RECORD line, copied. 1, 0 at the end, -ENOMEM. */
int dist_info_record_next(struct span *rest, struct arena *a, char **ret);
