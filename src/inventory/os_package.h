/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the databases of all distributions have in common: packages with files, of which some hold code. */

#include "inventory/reader.h"

/* Add a package of the distribution. Spans are copied; an empty `source` is the package itself. `evidence` is
 * kept. 0 or -ENOMEM. */
struct os_package {
        struct span name, version, arch, source, source_version;
        const char *evidence;
};
int os_package_add(struct inventory *inv, const struct os_package *from);

/* A file of the package with this index: claims it, and notes which runtime it needs. Ballast (documentation,
 * translations) is not even claimed. 0 or -ENOMEM. */
int os_package_file(struct inventory *inv, size_t index, const char *path);
/* The same for "folder" and "name" of it. */
int os_package_file_in(struct inventory *inv, size_t index, struct span folder, struct span name);
