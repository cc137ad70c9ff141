/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a package.json says, wherever it lies. */

#include "format/node_package.h"
#include "inventory/add.h"

/* 0 or -ENOMEM. */
int node_add(struct inventory *inv, const struct node_package *n);
