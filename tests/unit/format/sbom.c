/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sbom.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena memory = ARENA_INIT(16 << 20);

static int parse(const char *text, struct sbom *ret)
{
        struct error why = {};
        *ret = (struct sbom){};
        int r = sbom_parse(text, strlen(text), &memory, ret, &why);
        assert_true(r == 0 || why.text[0]);
        return r;
}

static void cyclonedx(void **state _unused_)
{
        _cleanup_sbom_ struct sbom s = {};
        assert_int_equal(
                parse("{\"bomFormat\":\"CycloneDX\",\"components\":[{\"type\":\"operating-system\",\"name\":"
                      "\"debian\",\"version\":\"12\"},{\"type\":\"file\",\"name\":\"/"
                      "a\"},{\"type\":\"library\","
                      "\"name\":\"a\",\"purl\":\"pkg:npm/"
                      "a@1\",\"components\":[{\"name\":\"b\",\"version\":\"2\"}]}]}",
                      &s),
                0);
        assert_string_equal(s.format, "CycloneDX");
        assert_string_equal(s.os.id, "debian");
        assert_string_equal(s.os.version_id, "12");
        assert_int_equal(s.files, 1);
        assert_int_equal(s.components.count, 2);
        assert_string_equal(s.components.items[0].purl, "pkg:npm/a@1");
        assert_null(s.components.items[1].purl);
        assert_string_equal(s.components.items[1].version, "2");
}

static void spdx(void **state _unused_)
{
        _cleanup_sbom_ struct sbom two = {}, three = {};
        assert_int_equal(parse("{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"image\","
                               "\"primaryPackagePurpose\":"
                               "\"CONTAINER\"},{\"name\":\"a\",\"versionInfo\":\"1\",\"externalRefs\":[{"
                               "\"referenceType\":"
                               "\"cpe23Type\",\"referenceLocator\":\"cpe:x\"},{\"referenceType\":\"purl\","
                               "\"referenceLocator\":\"pkg:npm/a@1\"}]}]}",
                               &two),
                         0);
        assert_int_equal(two.components.count, 1);
        assert_string_equal(two.components.items[0].purl, "pkg:npm/a@1");
        assert_int_equal(
                parse("{\"@context\":\"x\",\"@graph\":[{\"type\":\"software_Package\",\"name\":\"a\","
                      "\"externalIdentifier\":[{\"externalIdentifierType\":\"packageUrl\",\"identifier\":"
                      "\"pkg:npm/a@1\"}]},{\"type\":\"Agent\"}]}",
                      &three),
                0);
        assert_int_equal(three.components.count, 1);
        assert_string_equal(three.components.items[0].purl, "pkg:npm/a@1");
}

static void syft(void **state _unused_)
{
        _cleanup_sbom_ struct sbom s = {};
        assert_int_equal(
                parse("{\"artifacts\":[{\"name\":\"a\",\"version\":\"1\",\"purl\":\"pkg:apk/alpine/a@1\"},7],"
                      "\"distro\":{\"id\":\"alpine\",\"versionID\":\"3.18.4\"}}",
                      &s),
                0);
        assert_string_equal(s.format, "Syft");
        assert_string_equal(s.os.version_id, "3.18.4");
        assert_int_equal(s.components.count, 1);
}

static void others_are_refused(void **state _unused_)
{
        static const char *const bad[] = {
                "", "{", "[]", "{}", "<bom/>", "{\"components\":[]}", "{\"artifacts\":1}", "\xff"};
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_sbom_ struct sbom s = {};
                assert_int_equal(parse(bad[i], &s), -EBADMSG);
        }
}

static int done(void **state _unused_)
{
        arena_done(&memory);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(cyclonedx), cmocka_unit_test(spdx),
                                           cmocka_unit_test(syft), cmocka_unit_test(others_are_refused)};
        return cmocka_run_group_tests(tests, NULL, done);
}
