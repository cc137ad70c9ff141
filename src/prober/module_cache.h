/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of src/prober: whose the modules of a root are that no path tells. */

#include "base/arena.h"
#include "base/map.h"

struct module_cache {
        struct arena arena;
        struct map owners; /* path → struct module_owner */
};
struct module_cache *module_cache_free(struct module_cache *c); /* returns NULL */
