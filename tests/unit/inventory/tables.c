/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/tables.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The tables that are part of the program obey their own rules, and find what they are for. */
static void test_tables(void **state _unused_)
{
        struct inventory inv = {.arena = ARENA_INIT(1 << 20)};
        const struct tables *t = inventory_tables(&inv);
        signature_hits hits = {};
        assert_non_null(t);
        assert_ptr_equal(inventory_tables(&inv), t);
        assert_true(t->java->items.count > 150);
        assert_int_equal(
                signatures_find(t->native,
                                SPAN("\0OpenSSL 3.0.11 19 Sep 2023\0 deflate 1.3.1 Copyright 1995-2024 "),
                                "x", &inv.arena, &hits),
                0);
        assert_int_equal(hits.count, 2);
        assert_string_equal(hits.items[0].name, "openssl");
        assert_string_equal(hits.items[1].name, "zlib");
        hits.count = 0;
        assert_int_equal(signatures_find(t->javascript, SPAN("/*! jQuery v3.6.0 | (c) OpenJS"), "x.js",
                                         &inv.arena, &hits),
                         0);
        assert_int_equal(hits.count, 1);
        assert_string_equal(hits.items[0].version, "3.6.0");
        vec_done(&hits);
        tables_free(inv.tables);
        arena_done(&inv.arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
