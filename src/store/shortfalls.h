/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/database.h"

/* Part of store_load: doubts and limits. */
int shortfalls_load(struct store *s, struct arena *a, struct history *to, struct error *error);
