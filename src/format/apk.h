/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The database of Alpine's apk: lib/apk/db/installed, paragraphs of one-letter fields (apk-tools,
 * src/database.c apk_db_fdb_read, and apk-package(5)). */

#include "base/str.h"

struct apk_package {
        struct span name, version, arch; /* P: V: A: */
        struct span origin;              /* o: the aport it is built from; may be empty */
        struct span body;                /* the whole paragraph, for apk_file_next */
};

/* The next package with a name. false: none is left. */
bool apk_installed_next(struct span *rest, struct apk_package *ret);

struct apk_files {
        struct span rest, folder;
};
/* Start with {.rest = package.body}: the next file and its folder (without a leading '/'). */
bool apk_file_next(struct apk_files *files, struct span *ret_folder, struct span *ret_name);
