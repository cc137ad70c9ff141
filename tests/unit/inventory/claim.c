/* SPDX-License-Identifier: Apache-2.0 */
#include "inventory/claim.h"
#include "made_inventory.h"

#include "base/map.h"

static void assert_package(const struct package *p, const char *name)
{
        assert_non_null(p);
        assert_string_equal(p->name, name);
}

static void test_the_closest_claim_counts(void **state)
{
        (void)state;
        static const char *const names[] = {"app", "left", "nested", NULL};
        struct inventory *inv = make(names);
        assert_int_equal(inventory_own_folder(inv, "/app", 0), 0);
        assert_int_equal(inventory_own_folder(inv, "/app/node_modules/left", 1), 0);
        assert_int_equal(inventory_own(inv, "/app/node_modules/left/deep/file.js", 2), 0);
        assert_package(inventory_owner(inv, "/app/index.js", NULL), "app");
        assert_package(inventory_owner(inv, "/app/node_modules/other/x.js", NULL), "app");
        assert_package(inventory_owner(inv, "/app/node_modules/left/lib/x.js", NULL), "left");
        assert_package(inventory_owner(inv, "/app/node_modules/left/deep/file.js", NULL), "nested");
        assert_null(inventory_owner(inv, "/application/x", NULL));
        assert_null(inventory_owner(inv, "/", NULL));
        assert_null(inventory_owner(inv, "", NULL));
        inventory_free(inv);
}

/* As a path, and as an interpreter spells it. */
static void test_entries_of_archives(void **state)
{
        (void)state;
        static const char *const names[] = {"libx", "fat", "inner", "yaml", NULL};
        struct inventory *inv = make(names);
        inv->os_count = 1;
        assert_int_equal(inventory_own(inv, "/usr/share/x.jar", 0), 0);
        assert_int_equal(inventory_own_inside(inv, "/usr/share/x.jar", "com/x", 1), 0);
        assert_int_equal(inventory_own(inv, "/a.jar", 1), 0);
        assert_int_equal(inventory_own_inside(inv, "/a.jar!/lib/i.jar", "com/y", 2), 0);
        assert_int_equal(inventory_own_inside(inv, "/app.pyz", "yaml", 3), 0);
        /* The distribution's file is its own with all that is in it. */
        assert_package(inventory_owner(inv, "/usr/share/x.jar!/com/x/Y.class", NULL), "libx");
        assert_package(inventory_owner(inv, "/a.jar!/any.txt", NULL), "fat");
        assert_package(inventory_owner(inv, "/a.jar!/lib/i.jar!/com/y/Z.class", NULL), "inner");
        assert_package(inventory_owner(inv, "/a.jar!/lib/i.jar!/com/z/Z.class", NULL), "fat");
        assert_package(inventory_owner(inv, "/app.pyz!/yaml/loader.py", NULL), "yaml");
        assert_package(inventory_owner(inv, "/app.pyz/yaml/loader.py", NULL), "yaml");
        assert_null(inventory_owner(inv, "/app.pyz/other/loader.py", NULL));
        inventory_free(inv);
}

static void test_virtual_paths_of_yarn(void **state)
{
        (void)state;
        static const char *const names[] = {"react", NULL};
        struct inventory *inv = make(names);
        assert_int_equal(inventory_own_inside(inv, "/srv/.yarn/cache/r.zip", "node_modules/react", 0), 0);
        static const char *const known[] = {
                "/srv/.yarn/cache/r.zip/node_modules/react/index.js",
                "/srv/.yarn/__virtual__/react-virtual-1/0/cache/r.zip/node_modules/react/index.js",
                "/srv/.yarn/deep/er/__virtual__/react-1/2/cache/r.zip!/node_modules/react/index.js"};
        static const char *const unknown[] = {
                "/srv/.yarn/__virtual__/react-1/1/cache/r.zip/node_modules/react/index.js",
                "/srv/.yarn/__virtual__/react-1/99/cache/r.zip/node_modules/react/index.js",
                "/srv/.yarn/__virtual__/react-1/x/cache/r.zip/node_modules/react/index.js",
                "/srv/.yarn/__virtual__/react-1", "/__virtual__/"};
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                assert_package(inventory_owner(inv, known[i], NULL), "react");
        for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
                assert_null(inventory_owner(inv, unknown[i], NULL));
        inventory_free(inv);
}

static void test_the_distribution_goes_first_and_others_tie(void **state)
{
        (void)state;
        static const char *const names[] = {"libx", "a", "b", NULL};
        struct inventory *inv = make(names);
        bool tie = false;
        inv->os_count = 1;
        assert_int_equal(inventory_own(inv, "/usr/lib/x.py", 0), 0);
        assert_int_equal(inventory_own(inv, "/usr/lib/x.py", 1), 0);
        assert_package(inventory_owner(inv, "/usr/lib/x.py", &tie), "libx");
        assert_false(tie);
        assert_int_equal(inventory_own(inv, "/opt/y.py", 1), 0);
        assert_int_equal(inventory_own(inv, "/opt/y.py", 1), 0);
        assert_package(inventory_owner(inv, "/opt/y.py", &tie), "a");
        assert_int_equal(inventory_own(inv, "/opt/y.py", 2), 0);
        assert_null(inventory_owner(inv, "/opt/y.py", &tie));
        assert_true(tie);
        inventory_free(inv);
}

static void test_guesses_and_conda_yield(void **state)
{
        (void)state;
        static const char *const names[] = {"guess", "conda", "a", "b", NULL};
        struct inventory *inv = make(names);
        bool tie = false;
        inv->packages.items[0].method = METHOD_STRINGS;
        inv->packages.items[1].ecosystem = "conda";
        for (size_t first = 0; first < 2; first++) {
                char path[] = {'/', (char)('x' + first), '\0'};
                assert_int_equal(inventory_own(inv, path, first), 0);
                assert_package(inventory_owner(inv, path, &tie), names[first]);
                assert_int_equal(inventory_own(inv, path, 2), 0);
                assert_int_equal(inventory_own(inv, path, 1 - first), 0);
                assert_package(inventory_owner(inv, path, &tie), "a");
                assert_false(tie);
                assert_int_equal(inventory_own(inv, path, 3), 0);
                assert_null(inventory_owner(inv, path, &tie));
                assert_true(tie);
        }
        inventory_free(inv);
}

static void test_all_owners_of_a_tie_are_told(void **state)
{
        (void)state;
        static const char *const names[] = {"a", "b", "c", NULL};
        struct inventory *inv = make(names);
        package_refs refs = {};
        assert_int_equal(inventory_owners(inv, "/y.so", &refs), 0);
        assert_int_equal(refs.count, 0);
        assert_int_equal(inventory_own(inv, "/y.so", 0), 0);
        assert_int_equal(inventory_own(inv, "/y.so", 2), 0);
        assert_int_equal(inventory_own(inv, "/y.so", 2), 0);
        assert_int_equal(inventory_own(inv, "/y.so", 1), 0);
        assert_int_equal(inventory_own(inv, "/z.so", 1), 0);
        assert_int_equal(inventory_owners(inv, "/y.so", &refs), 0);
        assert_int_equal(refs.count, 3);
        assert_package(refs.items[0], "a");
        assert_package(refs.items[1], "b");
        assert_package(refs.items[2], "c");
        refs.count = 0;
        assert_int_equal(inventory_owners(inv, "/z.so", &refs), 0);
        assert_int_equal(refs.count, 1);
        assert_package(refs.items[0], "b");
        vec_done(&refs);
        inventory_free(inv);
}

static void test_a_remembered_claim_ties_as_the_first_one_did(void **state)
{
        (void)state;
        static const char *const names[] = {"a", "b", NULL};
        struct inventory *inv = make(names);
        bool tie = false;
        uint64_t hash = map_hash("/y.so", 5);
        assert_int_equal(claim_hash(inv, hash, 0), 0);
        assert_package(inventory_owner(inv, "/y.so", &tie), "a");
        assert_int_equal(claim_hash(inv, hash, 1), 0);
        assert_null(inventory_owner(inv, "/y.so", &tie));
        assert_true(tie);
        inventory_free(inv);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_closest_claim_counts),
                cmocka_unit_test(test_all_owners_of_a_tie_are_told),
                cmocka_unit_test(test_a_remembered_claim_ties_as_the_first_one_did),
                cmocka_unit_test(test_guesses_and_conda_yield),
                cmocka_unit_test(test_entries_of_archives),
                cmocka_unit_test(test_virtual_paths_of_yarn),
                cmocka_unit_test(test_the_distribution_goes_first_and_others_tie)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
