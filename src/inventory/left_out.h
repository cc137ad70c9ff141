/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What no walk through a root goes into, and how that is told. */

#include "inventory/reader.h"
#include "inventory/walked.h"

/* A database of packages lies at the path: "/srv/image" is a root of its own for
 * "/srv/image/var/lib/dpkg/status", if that is where a distribution lives. 0 or -ENOMEM. */
int left_out_root(struct walked *w, int root_fd, const char *path);
/* Tell as limits what all walks left out: one sentence a reason. */
void left_out_tell(struct inventory *inv);
