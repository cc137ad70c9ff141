/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* os-release(5): shell-like assignments, of which only literal values are understood. */

#include "base/arena.h"
#include "base/str.h"

struct os_release {
        const char *id, *id_like, *name, *version, *version_id, *codename, *pretty_name; /* NULL: not there */
};

/* Unknown lines are skipped. 0 or -ENOMEM. */
int os_release_parse(struct span text, struct arena *a, struct os_release *ret);
