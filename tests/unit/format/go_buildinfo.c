/* SPDX-License-Identifier: Apache-2.0 */
#include "format/go_buildinfo.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void test_both_layouts(void **state)
{
        (void)state;
        static const char *const names[] = {"go-inline", "go-pointers"};
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct go_buildinfo info;
                struct elf e;
                char path[4096];
                snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/elf/%s", getenv("USEWEAR_SOURCE"),
                         names[i]);
                assert_int_equal(file_read_at(AT_FDCWD, path, &bytes), 0);
                assert_int_equal(elf_open((struct span){bytes.data, bytes.size}, &e), 0);
                assert_int_equal(go_buildinfo_parse(&e, &a, &info), 0);
                assert_string_equal(info.go_version, "go1.22.1");
                assert_int_equal(info.modules.count, 3);
                assert_true(info.modules.items[0].main);
                assert_null(info.modules.items[0].version);
                assert_string_equal(info.modules.items[1].path, "golang.org/x/text");
                assert_string_equal(info.modules.items[1].version, "v0.3.5");
                assert_string_equal(info.modules.items[2].path, "example.com/new");
                assert_string_equal(info.modules.items[2].version, "v1.2.0");
                vec_done(&info.modules);
        }
}

/* Programs for other systems have the same header somewhere. */
static void test_search(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                int result;
        } cases[] = {{"go-inline", 0}, {"go-pointers", -ENOTSUP}, {"shared", -ENOENT}};
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
                _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
                struct go_buildinfo info = {};
                char path[4096];
                snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/elf/%s", getenv("USEWEAR_SOURCE"),
                         cases[i].name);
                /* A text that only looks like one is in front. */
                buf_addf(&bytes, "MZ..............%s................", "\xff Go buildinf:\b\2");
                while (bytes.size % 16)
                        buf_add_char(&bytes, '.');
                assert_int_equal(file_read_at(AT_FDCWD, path, &bytes), 0);
                assert_int_equal(go_buildinfo_search((struct span){bytes.data, bytes.size}, &a, &info),
                                 cases[i].result);
                if (cases[i].result == 0) {
                        assert_string_equal(info.go_version, "go1.22.1");
                        assert_int_equal(info.modules.count, 3);
                }
                vec_done(&info.modules);
        }
}

static void test_other_programs(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct go_buildinfo info;
        struct elf e;
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/elf/shared", getenv("USEWEAR_SOURCE"));
        assert_int_equal(file_read_at(AT_FDCWD, path, &bytes), 0);
        assert_int_equal(elf_open((struct span){bytes.data, bytes.size}, &e), 0);
        assert_int_equal(go_buildinfo_parse(&e, &a, &info), -ENOENT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_both_layouts),
                cmocka_unit_test(test_search),
                cmocka_unit_test(test_other_programs),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
