/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_package.h"

#include "base/buf.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT(1 << 20);

/* A file that has nothing but the note and the names of its sections. */
static void build(struct buf *b, const char *json, uint32_t type)
{
        static const char names[] = "\0.note.package\0.shstrtab";
        uint32_t head[3] = {4, (uint32_t)strlen(json), type};
        size_t note = 12 + 4 + strlen(json), at = sizeof(Elf64_Ehdr);
        Elf64_Ehdr h = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                        .e_type = ET_DYN,
                        .e_machine = EM_X86_64,
                        .e_version = EV_CURRENT,
                        .e_shoff = at + note + sizeof(names),
                        .e_ehsize = sizeof(h),
                        .e_shentsize = sizeof(Elf64_Shdr),
                        .e_shnum = 3,
                        .e_shstrndx = 2};
        Elf64_Shdr sections[3] = {
                {},
                {.sh_name = 1, .sh_type = SHT_NOTE, .sh_offset = at, .sh_size = note},
                {.sh_name = 15, .sh_type = SHT_STRTAB, .sh_offset = at + note, .sh_size = sizeof(names)},
        };
        buf_add(b, &h, sizeof(h));
        buf_add(b, head, sizeof(head));
        buf_add(b, "FDO", 4);
        buf_add_str(b, json);
        buf_add(b, names, sizeof(names));
        buf_add(b, sections, sizeof(sections));
        assert_int_equal(b->error, 0);
}

static int parse(const char *json, uint32_t type, struct elf_package *ret)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 16);
        struct elf e;
        build(&b, json, type);
        assert_int_equal(elf_open((struct span){b.data, b.size}, &e), 0);
        return elf_package_parse(&e, &arena, ret);
}

static void test_note(void **state _unused_)
{
        struct elf_package p;
        const char *json =
                "{\"type\":\"rpm\",\"name\":\"coreutils\",\"version\":\"9.1-1.fc38\",\"os\":\"fedora\"}";
        assert_int_equal(parse(json, 0xcafe1a7e, &p), 0);
        assert_string_equal(p.name, "coreutils");
        assert_string_equal(p.version, "9.1-1.fc38");
        assert_string_equal(p.os, "fedora");
        assert_null(p.architecture);
        assert_int_equal(parse(json, 1, &p), -ENOENT);
        assert_int_equal(parse("{\"name\":\"x\"}", 0xcafe1a7e, &p), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_note),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
