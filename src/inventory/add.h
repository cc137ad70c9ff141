/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the readers of all language ecosystems do alike. */

#include "inventory/reader.h"

/* A package of that ecosystem, which is its own source; NULL: out of memory. Texts live as long as the
 * inventory. */
struct package *inventory_add_named(struct inventory *inv, const char *ecosystem, const char *name,
                                    const char *version, uint32_t runtimes, enum package_method method);
/* The folder that is `up` steps above the path: 1 is the one it lies in; "" for "/". In the arena, or NULL.
 */
const char *inventory_folder(struct inventory *inv, const char *path, int up);

/* The whole file, mapped until `ret` is unmapped; at most `most` bytes. 0, -EFBIG or -errno. */
int inventory_map(struct inventory *inv, const char *path, size_t most, struct span *ret);
void inventory_unmap(struct span *mapped);
#define _cleanup_mapped_ _cleanup_(inventory_unmap)
