/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The local database of pacman: var/lib/pacman/local/NAME-VERSION/{desc,files}, blocks of "%KEY%", lines and
 * an empty line (libalpm, lib/libalpm/be_local.c). */

#include "base/str.h"

struct pacman_package {
        struct span name, version, arch, base; /* base: the PKGBUILD it is built from */
};

/* False: no name. */
bool pacman_desc_parse(struct span text, struct pacman_package *ret);
/* Start with the text of `files`: the next path below %FILES%, without a leading '/'; folders end with one.
 */
bool pacman_file_next(struct span *rest, bool *in_files, struct span *ret_path);
