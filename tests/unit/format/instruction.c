/* SPDX-License-Identifier: Apache-2.0 */
#include "format/instruction.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CODE(bytes) ((struct span){bytes, sizeof(bytes) - 1})

static void test_entry_blocks(void **state)
{
        (void)state;
        static const struct {
                const char *what;
                struct span code;
                uint16_t machine;
                int result;
                size_t offset;
                enum probe_step step;
        } rows[] = {
                {"push %rbp", CODE("\x55\x48\x89\xe5"), EM_X86_64, 0, 0, PROBE_EMULATED},
                {"endbr64; push %r15", CODE("\xf3\x0f\x1e\xfa\x41\x57"), EM_X86_64, 0, 4, PROBE_EMULATED},
                {"cmp 0x10(%r14),%rsp; jbe", CODE("\x49\x3b\x66\x10\x76\x20\x55"), EM_X86_64, 0, 4,
                 PROBE_EMULATED},
                {"mov %rdi,%rax; ret", CODE("\x48\x89\xf8\xc3\x55"), EM_X86_64, 0, 0, PROBE_STEPPED},
                {"lock incl (%rdi); mov; ret", CODE("\xf0\xff\x07\x48\x89\xf8\xc3"), EM_X86_64, 0, 3,
                 PROBE_STEPPED},
                {"lock incl (%rdi); ret", CODE("\xf0\xff\x07\xc3\x55"), EM_X86_64, -ENOENT, 0, 0},
                {"jmp *%rax hides what follows", CODE("\xff\xe0\x55"), EM_X86_64, -ENOENT, 0, 0},
                {"mov %fs:0x28,%rax; ret", CODE("\x64\x48\x8b\x04\x25\x28\x00\x00\x00\xc3"), EM_X86_64,
                 -ENOENT, 0, 0},
                {"bnd jmp is not emulated", CODE("\xf2\xe9\x00\x00\x00\x00\x55"), EM_X86_64, -ENOENT, 0, 0},
                {"cut off in the middle", CODE("\x48\x89"), EM_X86_64, -ENOENT, 0, 0},
                {"nothing", CODE(""), EM_X86_64, -ENOENT, 0, 0},
                {"stp x29,x30,[sp,#-16]!; bl", CODE("\xfd\x7b\xbf\xa9\x00\x00\x00\x94"), EM_AARCH64, 0, 4,
                 PROBE_EMULATED},
                {"stp; ret", CODE("\xfd\x7b\xbf\xa9\xc0\x03\x5f\xd6"), EM_AARCH64, 0, 4, PROBE_EMULATED},
                {"svc ends", CODE("\x01\x00\x00\xd4\xc0\x03\x5f\xd6"), EM_AARCH64, -ENOENT, 0, 0},
                {"another machine", CODE("\x55"), EM_MIPS, -ENOTSUP, 0, 0},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t offset = 99;
                enum probe_step step = PROBE_STEPPED;
                int r = probe_point(rows[i].machine, rows[i].code, 0x1000, PROBE_AT_ENTRY, &offset, &step);
                if (r != rows[i].result || (r == 0 && (offset != rows[i].offset || step != rows[i].step)))
                        fail_msg("%s: %d, offset %zu, %d", rows[i].what, r, offset, step);
        }
}

static void test_bodies(void **state)
{
        (void)state;
        size_t offset = 99;
        enum probe_step step;
        /* lea (%rax,%rax,2),%rcx; add %rcx,%rdx: may run ahead of time */
        assert_int_equal(probe_point(EM_X86_64, CODE("\x48\x8d\x0c\x40\x48\x01\xca"), 0, PROBE_IN_BODY,
                                     &offset, &step),
                         -ENOENT);
        /* mov 8(%rsp),%rax; mov (%rax),%rcx; call */
        assert_int_equal(probe_point(EM_X86_64, CODE("\x48\x8b\x44\x24\x08\x48\x8b\x08\xe8\x00\x00\x00\x00"),
                                     0, PROBE_IN_BODY, &offset, &step),
                         0);
        assert_int_equal(offset, 8);
        assert_int_equal(step, PROBE_EMULATED);
        assert_int_equal(probe_point(EM_X86_64, CODE("\x48\x8b\x44\x24\x08\x48\x8b\x08\xeb\x00"), 0,
                                     PROBE_IN_BODY, &offset, &step),
                         0);
        assert_int_equal(offset, 5);
        assert_int_equal(step, PROBE_STEPPED);
}

static void test_jumps(void **state)
{
        (void)state;
        assert_true(probe_is_jump(EM_X86_64, CODE("\xf3\x0f\x1e\xfa\xe9\x00\x00\x00\x00")));
        assert_true(probe_is_jump(EM_X86_64, CODE("\xeb\x10")));
        assert_false(probe_is_jump(EM_X86_64, CODE("\x55\xe9\x00\x00\x00\x00")));
        assert_false(probe_is_jump(EM_X86_64, CODE("\xf3\x0f\x1e\xfa")));
        assert_true(probe_is_jump(EM_AARCH64, CODE("\x5f\x24\x03\xd5\x10\x00\x00\x14")));
        assert_false(probe_is_jump(EM_AARCH64, CODE("\x10\x00\x00\x94"))); /* bl */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_entry_blocks),
                cmocka_unit_test(test_bodies),
                cmocka_unit_test(test_jumps),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
