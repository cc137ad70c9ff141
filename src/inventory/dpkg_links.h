/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files of dpkg's packages that do not lie where their list says: diverted ones, and links that
 * update-alternatives makes. */

#include "base/map.h"
#include "inventory/reader.h"

struct diversions {
        struct map by_path; /* original path → struct diversion */
        struct arena arena;
};
void diversions_done(struct diversions *d);
/* 0 or -ENOMEM. */
int diversions_read(struct inventory *inv, struct diversions *ret);
/* Where the file at `path` of the package really lies. */
const char *diversion_of(const struct diversions *d, const char *path, const char *package);

/* Claim the links of alternatives for the packages that own what they point to now. 0 or -ENOMEM. */
int alternatives_read(struct inventory *inv);
