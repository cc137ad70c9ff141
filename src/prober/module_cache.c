/* SPDX-License-Identifier: Apache-2.0 */
#include "prober/module_cache.h"

#include <stdlib.h>

struct module_cache *module_cache_free(struct module_cache *c)
{
        if (!c)
                return NULL;
        map_done(&c->owners);
        arena_done(&c->arena);
        free(c);
        return NULL;
}
