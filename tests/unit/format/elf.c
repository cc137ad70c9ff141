/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void read_sample(const char *name, struct buf *to)
{
        char path[4096];
        const char *source = getenv("USEWEAR_SOURCE");
        assert_non_null(source);
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/elf/%s", source, name);
        assert_int_equal(file_read_at(AT_FDCWD, path, to), 0);
}

static int find_f(void *context, const char *name)
{
        (void)context;
        return strcmp(name, "f") == 0;
}

static void test_identity_and_exports(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        struct elf e;
        char id[ELF_BUILD_ID];
        read_sample("shared", &bytes);
        assert_int_equal(elf_open((struct span){bytes.data, bytes.size}, &e), 0);
        assert_int_equal(elf_build_id(&e, id), 0);
        assert_int_equal(strlen(id), 40);
        assert_true(span_equal((struct span){elf_soname(&e).data, strlen("libf.so.1")}, "libf.so.1"));
        assert_int_equal(elf_soname(&e).size, strlen("libf.so.1"));
        assert_int_equal(elf_exported(&e, find_f, NULL), 1);
        struct span text;
        assert_int_equal(elf_section(&e, ".text", &text), 0);
        assert_true(text.size > 0);
        assert_int_equal(elf_section(&e, ".nothing", &text), -ENOENT);
}

/* Every prefix of the file yields less, and never reads beyond it (the sanitizers watch). */
static void test_every_prefix_is_safe(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        read_sample("shared", &bytes);
        for (size_t size = 0; size < bytes.size; size += 7) {
                char *copy = malloc(size ? size : 1), id[ELF_BUILD_ID];
                struct elf e;
                struct span section;
                memcpy(copy, bytes.data, size);
                if (elf_open((struct span){copy, size}, &e) == 0) {
                        elf_build_id(&e, id);
                        elf_soname(&e);
                        elf_section(&e, ".text", &section);
                        elf_exported(&e, find_f, NULL);
                }
                free(copy);
        }
}

static void test_what_is_no_elf(void **state)
{
        (void)state;
        struct elf e;
        char big[64] = "\177ELF\2\2\1"; /* big-endian */
        assert_int_equal(elf_open(SPAN("#!/bin/sh\n"), &e), -EINVAL);
        assert_int_equal(elf_open(SPAN(""), &e), -EINVAL);
        assert_int_equal(elf_open((struct span){big, sizeof(big)}, &e), -ENOTSUP);
        big[5] = 1;
        assert_int_equal(elf_open((struct span){big, 20}, &e), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_identity_and_exports),
                cmocka_unit_test(test_every_prefix_is_safe),
                cmocka_unit_test(test_what_is_no_elf),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
