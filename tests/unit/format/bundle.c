/* SPDX-License-Identifier: Apache-2.0 */
#include "format/bundle.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_nix(void **state)
{
        (void)state;
        struct span name, version;
        assert_true(bundle_nix(SPAN("0c7c96gikmzv87i7lv3vq5s1cmfjd6zf-openssl-3.0.13-bin"), &name, &version));
        assert_true(span_equal(name, "openssl") && span_equal(version, "3.0.13"));
        assert_true(bundle_nix(SPAN("0c7c96gikmzv87i7lv3vq5s1cmfjd6zf-python3.11-numpy-1.26.4"), &name,
                               &version));
        assert_true(span_equal(name, "python3.11-numpy") && span_equal(version, "1.26.4"));
        assert_false(
                bundle_nix(SPAN("0c7c96gikmzv87i7lv3vq5s1cmfjd6zf-openssl-3.0.13.drv"), &name, &version));
        assert_false(bundle_nix(SPAN("0c7c96gikmzv87i7lv3vq5s1cmfjd6zf-source"), &name, &version));
        assert_false(bundle_nix(SPAN("openssl-3"), &name, &version));
}

static void test_snap(void **state)
{
        (void)state;
        struct span value;
        struct span yaml = SPAN("name: lxd\nversion: '5.21.1'\nsummary: x\napps:\n  name: no\n");
        assert_true(bundle_snap_field(yaml, "name", &value) && span_equal(value, "lxd"));
        assert_true(bundle_snap_field(yaml, "version", &value) && span_equal(value, "5.21.1"));
        assert_false(bundle_snap_field(yaml, "base", &value));
}

static void test_metainfo(void **state)
{
        (void)state;
        struct span value;
        assert_true(bundle_metainfo_version(SPAN("<component><releases><release date='2024-01-01' "
                                                 "version=\"46.2\"/><release version='46'/>"),
                                            &value));
        assert_true(span_equal(value, "46.2"));
        assert_false(bundle_metainfo_version(SPAN("<component><release version="), &value));
        assert_false(bundle_metainfo_version((struct span){}, &value));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_nix), cmocka_unit_test(test_snap),
                                           cmocka_unit_test(test_metainfo)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
