/* SPDX-License-Identifier: Apache-2.0 */

/* The runtimes that are known. A process may hold several. */

#include "evidence/engine.h"

const struct engine *const engines[] = {&cpython_engine, NULL};
