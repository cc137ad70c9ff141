/* SPDX-License-Identifier: Apache-2.0 */

/* The runtimes that are known. A process may hold several. */

#include "evidence/engine.h"

const struct engine *const engines[] = {&cpython_engine, NULL};

uint32_t engine_runtimes(void)
{
        uint32_t bits = 0;
        for (size_t i = 0; engines[i]; i++)
                bits |= engines[i]->runtime;
        return bits;
}

bool engine_exists(uint32_t runtime)
{
        for (size_t i = 0; engines[i]; i++)
                if (engines[i]->runtime == runtime)
                        return true;
        return false;
}
