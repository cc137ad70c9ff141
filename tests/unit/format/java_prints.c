/* SPDX-License-Identifier: Apache-2.0 */
#include "format/java_prints.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);
static const char table[] = "# comment\ncom.google.guava:guava com/google/common collect/ImmutableList "
                            "base/Joiner hash/Hashing\nx:y x/y A B =cfg/PackageVersion\n";

static void note(const struct java_prints *p, const char *entry, java_copies *to)
{
        assert_int_equal(java_prints_note(p, span_of(entry), &arena, to), 0);
}

static void test_copies(void **state _unused_)
{
        struct java_prints *p = NULL;
        java_copies copies = {};
        assert_int_equal(java_prints_parse(span_of(table), &arena, &p), 0);
        note(p, "com/google/common/collect/ImmutableList.class", &copies);
        note(p, "com/google/common/base/Joiner.class", &copies);
        note(p, "com/google/common/hash/Hashing.class", &copies);
        note(p, "shaded/collect/ImmutableList.class", &copies);
        note(p, "shaded/base/Joiner.class", &copies);
        note(p, "BOOT-INF/classes/shaded/hash/Hashing.class", &copies);
        note(p, "other/base/Joiner.class", &copies);
        note(p, "Joiner.class", &copies);
        note(p, "base/Joiner.txt", &copies);
        assert_int_equal(copies.count, 3);
        java_prints_finish(&copies);
        assert_int_equal(copies.count, 2);
        assert_string_equal(copies.items[0].prefix, "com/google/common");
        assert_false(copies.items[0].relocated);
        assert_string_equal(copies.items[1].prefix, "shaded");
        assert_true(copies.items[1].relocated);
        assert_string_equal(copies.items[1].print->name, "com.google.guava:guava");
        assert_string_equal(p->items.items[1].version_class, "cfg/PackageVersion");
        vec_done(&copies);
        java_prints_free(p);
}

static void test_broken_tables(void **state _unused_)
{
        struct java_prints *p = NULL;
        assert_int_equal(java_prints_parse(SPAN("nocolon a B C\n"), &arena, &p), -EBADMSG);
        assert_int_equal(java_prints_parse(SPAN("a:b a B\n"), &arena, &p), -EBADMSG);
        assert_null(p);
}

static void test_version(void **state _unused_)
{
        /* Two texts and a long, which takes two slots. */
        static const char class[] = "\xca\xfe\xba\xbe\0\0\0\x34\0\x05\x01\0\x04Main\x05"
                                    "12345678\x01\0\x06"
                                    "2.14.1";
        struct span f = {class, sizeof(class) - 1};
        assert_string_equal(java_class_version(f, &arena), "2.14.1");
        f.size -= 1;
        assert_null(java_class_version(f, &arena));
        assert_null(java_class_version(SPAN("\xca\xfe\xba\xbe"), &arena));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_copies),
                cmocka_unit_test(test_broken_tables),
                cmocka_unit_test(test_version),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
