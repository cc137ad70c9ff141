/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_find.h"

#include "base/file.h"
#include "format/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct native_query queries[] = {
        {"", "shown"}, {"", "hidden"}, {"libf.so.1", "twin_a"}, {"", "chosen"}, {"", "nothing"},
};
enum { SHOWN, HIDDEN, TWIN, CHOSEN, NOTHING, QUERIES };

static void read_sample(const char *name, struct buf *to)
{
        char path[4096];
        snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/functions/%s", getenv("USEWEAR_SOURCE"), name);
        assert_int_equal(file_read_at(AT_FDCWD, path, to), 0);
}

static void test_what_is_found(void **state)
{
        (void)state;
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), wire = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[QUERIES], copy;
        read_sample("stripped", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, queries, QUERIES, &a, f), 0);
        for (int i = SHOWN; i <= HIDDEN; i++) {
                assert_null(f[i].unknown);
                assert_int_equal(f[i].site_count, 1);
                assert_false(f[i].sites[0].shared);
                assert_string_equal(f[i].partial, "may be inlined: no debug information");
        }
        assert_int_equal(f[TWIN].site_count, 1);
        assert_true(f[TWIN].sites[0].shared); /* twin_b is the same code */
        assert_non_null(strstr(f[CHOSEN].unknown, "IFUNC"));
        assert_non_null(strstr(f[NOTHING].unknown, "no symbol"));

        native_function_pack(&f[TWIN], &wire);
        struct wire from = WIRE_INIT(wire.data, wire.size);
        assert_int_equal(native_function_unpack(&from, &a, &copy), 0);
        assert_int_equal(copy.sites[0].offset, f[TWIN].sites[0].offset);
        assert_true(copy.sites[0].shared);
        for (size_t size = 0; size < wire.size; size++) {
                from = WIRE_INIT(wire.data, size);
                assert_int_equal(native_function_unpack(&from, &a, &copy), -EBADMSG);
        }
}

/* A function with debug information, and one of which a copy lies in another function: that one is its guard.
 */
static void test_inlined(void **state)
{
        (void)state;
        static const struct native_query inlined[] = {{"", "alone"}, {"", "inlined"}, {"", "host"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), wire = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[3], copy;
        read_sample("inlined", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, inlined, 3, &a, f), 0);
        for (int i = 0; i < 3; i++) {
                assert_null(f[i].unknown);
                assert_null(f[i].partial);
                assert_int_equal(f[i].site_count, 1);
                assert_int_equal(f[i].guard_count, i == 1);
                assert_int_equal(f[i].entered, i == 1);
        }
        assert_int_equal(f[1].guards[0].offset, f[2].sites[0].offset);
        native_function_pack(&f[1], &wire);
        struct wire from = WIRE_INIT(wire.data, wire.size);
        assert_int_equal(native_function_unpack(&from, &a, &copy), 0);
        assert_int_equal(copy.guard_count, 1);
        assert_int_equal(copy.guards[0].offset, f[1].guards[0].offset);
        /* The same without its debug information, from a separate file with it. */
        file = (struct native_file){.bytes = {bytes.data, bytes.size}, .debug = SPAN("none")};
        assert_int_equal(native_find(&file, inlined, 3, &a, f), 0);
        assert_non_null(strstr(f[0].partial, "no debug information"));
}

/* The debug file, of another build or forged, says that it begins in the middle of another one's code: no
 * breakpoint is set there. What both files say is. */
static void test_a_debug_file_that_is_wrong(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "alone"}, {"", "host"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), debug = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function right[2], f[2];
        struct elf e;
        struct span symbols, names;
        read_sample("inlined", &bytes);
        read_sample("inlined", &debug);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, right), 0);
        assert_int_equal(elf_open((struct span){debug.data, debug.size}, &e), 0);
        assert_int_equal(elf_section(&e, ".symtab", &symbols), 0);
        assert_int_equal(elf_section(&e, ".strtab", &names), 0);
        Elf64_Sym *symbol = (Elf64_Sym *)(debug.data + (symbols.data - debug.data));
        for (size_t i = 0; i < symbols.size / sizeof(*symbol); i++)
                if (!strcmp(names.data + symbol[i].st_name, "alone"))
                        symbol[i].st_value++;
        file.debug = (struct span){debug.data, debug.size};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(f[i].site_count, 1);
                assert_int_equal(f[i].sites[0].offset, right[i].sites[0].offset);
        }
        assert_non_null(f[0].partial);
        assert_null(f[1].partial);
}

/* Of two source files one has debug information, the other one holds a copy of a function of their header. */
static void test_a_part_without_debug_information(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "alone"}, {"", "inlined"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[2];
        read_sample("mixed", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        assert_null(f[0].partial); /* of one source file alone */
        assert_int_equal(f[1].site_count, 1);
        assert_non_null(f[1].partial);
        assert_non_null(strstr(f[1].partial, "no debug information of a part"));
}

/* The function of a header has one symbol like any other's (C11 6.7.4: `extern inline`), and a copy in a
 * source file without debug information. */
static void test_a_copy_from_a_header(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "alone"}, {"", "inlined"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[2];
        read_sample("header", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        assert_null(f[0].partial);
        assert_int_equal(f[1].site_count, 1);
        assert_non_null(f[1].partial);
        assert_non_null(strstr(f[1].partial, "no debug information of a part"));
}

/* Versions for vectors and for transactions are called in the function's stead. */
static void test_versions_are_copies(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "wanted"}, {"", "safe"}};
        static const size_t sites[] = {5, 2};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[2];
        read_sample("versions", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(f[i].site_count, sites[i]);
                for (size_t k = 0; k < sites[i]; k++)
                        assert_false(f[i].sites[k].shared);
                assert_null(f[i].partial);
        }
}

/* The older version of a function has another name in its source, and no symbol tells which: copies of it are
 * described by that name, and found by none. */
static void test_each_version_has_to_be_described(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "both"}, {"", "host"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[2];
        read_sample("symver", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        assert_int_equal(f[0].site_count, 2); /* a plain name means all versions */
        assert_string_equal(f[0].partial, "may be inlined: no debug information");
        assert_int_equal(f[1].site_count, 1);
        assert_null(f[1].partial);
}

/* One version alone: by .gnu.version, or by the name in .symtab of one that is not exported any more. */
static void test_one_version(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "both"},       {"", "both@ONE"}, {"", "both@TWO"},
                                                     {"", "both@@TWO"},  {"", "both@SIX"}, {"", "host@TWO"},
                                                     {"", "symver@TWO"}, {"", "@TWO"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[ARRAY_SIZE(wanted)];
        read_sample("symver", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, ARRAY_SIZE(wanted), &a, f), 0);
        assert_int_equal(f[0].site_count, 2);
        for (size_t i = 1; i < 4; i++) {
                assert_int_equal(f[i].site_count, 1);
                assert_non_null(strstr(f[i].partial, "one version"));
        }
        assert_int_not_equal(f[1].sites[0].offset, f[2].sites[0].offset);
        assert_int_equal(f[2].sites[0].offset, f[3].sites[0].offset);
        for (size_t i = 4; i < ARRAY_SIZE(wanted); i++) {
                assert_int_equal(f[i].site_count, 0);
                assert_non_null(f[i].unknown);
        }
        assert_string_equal(f[4].unknown, "no symbol of that name in that version");
}

/* A stripped library tells of versions in .gnu.version alone. A name is meant as it stands, other functions
 * of the same version are not; and code that two versions have tells of neither. "V_0" is the file itself. */
static void test_one_version_of_a_stripped_file(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {
                {"", "measure@V_1"},      {"", "measure@@V_2"},     {"", "same@V_1"}, {"", "same"},
                {"", "_ZN2C13fooEi@V_2"}, {"", "_ZN2C23fooEi@V_2"}, {"", "solo@V_2"}, {"", "_Z4soloPci@V_2"},
                {"", "C1::foo@V_2"},      {"", "solo@V_1"},         {"", "solo@V_0"}, {"", "C1::foo@V_1"},
        };
        enum { FOUND = 9, COUNT = ARRAY_SIZE(wanted) };
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[COUNT];
        read_sample("versioned", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, COUNT, &a, f), 0);
        for (size_t i = 0; i < FOUND; i++) {
                assert_int_equal(f[i].site_count, 1);
                assert_int_equal(f[i].sites[0].shared, i == 2);
                assert_non_null(f[i].partial);
        }
        for (size_t i = 0; i + 1 < FOUND - 1; i += 2)
                assert_int_equal(f[i].sites[0].offset == f[i + 1].sites[0].offset, i == 2);
        assert_int_equal(f[8].sites[0].offset, f[4].sites[0].offset);
        for (size_t i = FOUND; i < COUNT; i++)
                assert_string_equal(f[i].unknown, "no symbol of that name in that version");
}

/* A second base class: its table leads to a thunk, into which the compiler has copied the function. */
static void test_a_thunk_is_a_copy(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "C::g"}, {"", "A::f"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[2];
        read_sample("thunk", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        assert_int_equal(f[0].site_count, 2);
        assert_false(f[0].sites[0].shared || f[0].sites[1].shared);
        assert_null(f[0].partial);
        assert_int_equal(f[1].site_count, 1);

        static const struct native_query mangled[] = {{"", "_ZN1C1gEv"}};
        struct native_function same;
        assert_int_equal(native_find(&file, mangled, 1, &a, &same), 0);
        assert_int_equal(same.site_count, 2);
        assert_false(same.sites[0].shared || same.sites[1].shared);
}

/* No symbol tells of the function without debug information that holds a copy; the tables that unwind do. The
 * same tables are asked where functions begin. */
static void test_what_only_frames_tell(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {
                {"", "alone"}, {"", "inlined"}, {"", "0x260"}, {"", "0x261"}, {"", "bare"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[5];
        read_sample("frames", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 5, &a, f), 0);
        assert_null(f[0].partial);
        assert_non_null(strstr(f[1].partial, "no debug information of a part"));
        assert_int_equal(f[2].site_count, 1);
        assert_null(f[2].partial);
        assert_false(f[2].sites[0].shared);
        assert_non_null(strstr(f[3].unknown, "no function begins"));
        assert_int_equal(f[4].site_count, 1); /* its symbol has no size */
}

/* Tables that cannot be read hide nothing: there may be a copy in what they leave untold. */
static void test_damaged_frames_tell_less(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "alone"}, {"", "inlined"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[2];
        struct elf e;
        struct span frames;
        read_sample("frames", &bytes);
        assert_int_equal(elf_open((struct span){bytes.data, bytes.size}, &e), 0);
        assert_int_equal(elf_section(&e, ".eh_frame", &frames), 0);
        bytes.data[frames.data - bytes.data + 8] = 9; /* the version of the first CIE */
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 2, &a, f), 0);
        assert_null(f[0].partial);
        assert_non_null(f[1].partial);
        assert_non_null(strstr(f[1].partial, "no debug information of a part"));
}

/* Clang joins units at the link and says so nowhere: what one without -g holds is not told. */
static void test_llvm_may_have_joined_units(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "wanted"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        read_sample("llvm", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 1, &a, &f), 0);
        assert_int_equal(f.site_count, 1);
        assert_non_null(strstr(f.partial, "no debug information of a part"));
}

/* gold has laid `shown` and a hidden function on one another, and no symbol is left that would tell. */
static void test_stripped_and_folded(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {{"", "shown"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f;
        read_sample("folded", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, 1, &a, &f), 0);
        assert_int_equal(f.site_count, 1);
        assert_true(f.sites[0].shared);
}

static void test_probes_of_the_program(void **state)
{
        (void)state;
        static const struct native_query probes[] = {
                {"", "plain", "victim"}, {"", "guarded", "victim"}, {"", "plain", "other"}};
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20), wire = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[3], copy;
        read_sample("usdt", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, probes, 3, &a, f), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(f[i].site_count, 1);
                assert_int_equal(bytes.data[f[i].sites[0].offset], (char)0x90); /* nop */
                assert_int_equal(f[i].sites[0].counter != 0, i == 1);
        }
        assert_non_null(f[2].unknown);
        native_function_pack(&f[1], &wire);
        struct wire from = WIRE_INIT(wire.data, wire.size);
        assert_int_equal(native_function_unpack(&from, &a, &copy), 0);
        assert_int_equal(copy.sites[0].counter, f[1].sites[0].counter);
}

/* Two functions by tables made by hand: the newer one tells of a copy that was inlined, the older one tells
 * of none, so that nothing is said to be absent. */
static void test_go_tables(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {
                {"main", "main"}, {"example.com/lib", "T.Host"}, {"main", "small"}, {"main", "none"}};
        _cleanup_buf_ struct buf new = BUF_INIT(1 << 20), old = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[4];
        read_sample("go-1.20", &new);
        struct native_file file = {.bytes = {new.data, new.size}};
        assert_int_equal(native_find(&file, wanted, 4, &a, f), 0);
        for (int i = 0; i < 2; i++)
                assert_int_equal(f[i].site_count, 1);
        assert_int_equal(new.data[f[0].sites[0].offset], 0x55); /* push */
        assert_null(f[0].partial);
        assert_int_equal(f[2].guard_count, 1);
        assert_int_equal(f[2].guards[0].offset, f[1].sites[0].offset);
        assert_true(f[3].absent);

        read_sample("go-1.2", &old);
        file = (struct native_file){.bytes = {old.data, old.size}};
        assert_int_equal(native_find(&file, wanted, 4, &a, f), 0);
        assert_int_equal(f[0].site_count, 1);
        assert_non_null(f[0].partial);
        assert_false(f[3].absent);
        assert_non_null(strstr(f[3].unknown, "does not tell what was inlined"));
}

/* The table of a Go program tells of nothing that is no function of Go: that may be there, unseen. */
static void test_no_go(void **state)
{
        (void)state;
        static const struct native_query wanted[] = {
                {"", "from_c"},
                {"", "main.none@V_1"},
                {"main", "none@V_1"},
                {"", "a::b"},
                {"", "none.isra.0"},
                {"", "none._omp_fn.0"},
                {"", "main.init#1"},
                {"", "example.com/lib.init"},
                {"", "example.com/tool.main"},
                {"example.com/lib", "init"},
                {"example.com/lib", "T.Host$1"},
                {"example.com/tool", "main"}, /* which is main.main, perhaps: there is no build information */
                {"", "main.none"},
                {"", "example.com/lib.(*T).Host"},
                {"", "main.main"}};
        enum { COUNT = ARRAY_SIZE(wanted), FOUND = 2 };
        _cleanup_buf_ struct buf bytes = BUF_INIT(1 << 20);
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[COUNT];
        read_sample("go-1.20", &bytes);
        struct native_file file = {.bytes = {bytes.data, bytes.size}};
        assert_int_equal(native_find(&file, wanted, COUNT, &a, f), 0);
        for (size_t i = 0; i < COUNT; i++) {
                assert_int_equal(f[i].absent, i == COUNT - 1 - FOUND);
                assert_int_equal(f[i].unknown == NULL, i >= COUNT - 1 - FOUND);
                assert_int_equal(f[i].site_count, i >= COUNT - FOUND);
        }
}

static void test_no_program(void **state)
{
        (void)state;
        _cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
        struct native_function f[QUERIES];
        struct native_file file = {.bytes = SPAN("#!/bin/sh")};
        assert_int_equal(native_find(&file, queries, QUERIES, &a, f), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_found),
                cmocka_unit_test(test_inlined),
                cmocka_unit_test(test_a_debug_file_that_is_wrong),
                cmocka_unit_test(test_a_part_without_debug_information),
                cmocka_unit_test(test_a_copy_from_a_header),
                cmocka_unit_test(test_versions_are_copies),
                cmocka_unit_test(test_each_version_has_to_be_described),
                cmocka_unit_test(test_one_version),
                cmocka_unit_test(test_one_version_of_a_stripped_file),
                cmocka_unit_test(test_a_thunk_is_a_copy),
                cmocka_unit_test(test_what_only_frames_tell),
                cmocka_unit_test(test_damaged_frames_tell_less),
                cmocka_unit_test(test_llvm_may_have_joined_units),
                cmocka_unit_test(test_stripped_and_folded),
                cmocka_unit_test(test_probes_of_the_program),
                cmocka_unit_test(test_go_tables),
                cmocka_unit_test(test_no_go),
                cmocka_unit_test(test_no_program),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
