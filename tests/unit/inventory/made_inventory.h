/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "inventory/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* An inventory with these packages, of no root on disk; NULL ends the names. */
static inline struct inventory *make(const char *const *names)
{
        struct inventory *inv = calloc(1, sizeof(*inv));
        assert_non_null(inv);
        inv->arena = ARENA_INIT(1 << 20);
        inv->root_id = "host";
        inv->root_fd = -1;
        for (; *names; names++) {
                struct package *p = inventory_add(inv);
                assert_non_null(p);
                p->name = *names;
                p->ecosystem = "x";
                p->version = "1";
        }
        return inv;
}
