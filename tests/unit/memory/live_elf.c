/* SPDX-License-Identifier: Apache-2.0 */
#include "memory/live_elf.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An object of one page as it lies in memory, made by hand: header, two segments, dynamic section, three
 * symbols (none, `defined`, `undefined`), their names, and one hash table of each kind. */
enum {
        BASE = 0x7f0000010000,
        SEGMENTS = 0x40,
        DYNAMIC = 0x100,
        SYMBOLS = 0x200,
        STRINGS = 0x300,
        HASH = 0x400,
        GNU_HASH = 0x500,
        VALUE = 0x880,
};

static const char names[] = "\0defined\0undefined";
static char object[IMAGE_PAGE];
static uint64_t first_address; /* p_vaddr of the first segment: not 0 in programs of fixed addresses */

static void put(size_t at, const void *bytes, size_t size)
{
        memcpy(object + at, bytes, size);
}

static void put_dynamic(size_t n, int64_t tag, uint64_t value)
{
        Elf64_Dyn entry = {.d_tag = tag, .d_un.d_val = value};
        put(DYNAMIC + n * sizeof(entry), &entry, sizeof(entry));
}

/* `at` is added to addresses in the dynamic section: BASE where the loader has relocated them. */
static void make(uint64_t at, int64_t hash_tag)
{
        memset(object, 0, sizeof(object));
        Elf64_Ehdr header = {.e_type = ET_DYN,
                             .e_machine = EM_X86_64,
                             .e_phoff = SEGMENTS,
                             .e_phentsize = sizeof(Elf64_Phdr),
                             .e_phnum = 2};
        memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        put(0, &header, sizeof(header));
        Elf64_Phdr segments[] = {
                {.p_type = PT_LOAD, .p_vaddr = first_address, .p_memsz = 0x1800},
                {.p_type = PT_DYNAMIC, .p_vaddr = first_address + DYNAMIC},
        };
        put(SEGMENTS, segments, sizeof(segments));
        put_dynamic(0, DT_SYMTAB, at + SYMBOLS);
        put_dynamic(1, DT_STRTAB, at + STRINGS);
        put_dynamic(2, DT_STRSZ, sizeof(names));
        put_dynamic(3, hash_tag, at + (hash_tag == DT_HASH ? HASH : GNU_HASH));
        put_dynamic(4, DT_FLAGS_1, DF_1_NOW);
        Elf64_Sym symbols[] = {
                {},
                {.st_name = 1, .st_shndx = 5, .st_value = first_address + VALUE},
                {.st_name = 9, .st_shndx = SHN_UNDEF, .st_value = first_address + VALUE},
        };
        put(SYMBOLS, symbols, sizeof(symbols));
        put(STRINGS, names, sizeof(names));
        /* One bucket, then the chain: symbol 1, then 2. */
        const uint32_t sysv[] = {1, 3, 1, 0, 2, 0};
        put(HASH, sysv, sizeof(sysv));
        uint32_t hashes[2] = {5381, 5381};
        for (size_t n = 0; n < 2; n++)
                for (const char *c = names + 1 + 8 * n; *c; c++)
                        hashes[n] = hashes[n] * 33 + (uint8_t)*c;
        /* Buckets, first symbol, words of the filter, its shift; the filter lets all pass. */
        const uint32_t gnu[] = {1, 1, 1, 0, UINT32_MAX, UINT32_MAX, 1, hashes[0] & ~1u, hashes[1] | 1};
        put(GNU_HASH, gnu, sizeof(gnu));
}

static int read_object(void *context _unused_, struct remote_piece *pieces, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                uint64_t at = pieces[i].address - BASE;
                pieces[i].got = at < sizeof(object) ? MIN(pieces[i].size, sizeof(object) - at) : 0;
                memcpy(pieces[i].to, object + (pieces[i].got ? at : 0), pieces[i].got);
        }
        return 0;
}

static const struct image_area area = {
        .start = BASE, .end = BASE + IMAGE_PAGE, .readable = true, .path = "/usr/lib/libx.so"};

/* What finding the symbol returns, or what opening did. */
static int find(const char *name, uint64_t *ret)
{
        struct live_elf e;
        struct image_source source = {NULL, read_object, NULL};
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, &area, 1, (struct image_budget){1 << 20, UINT64_MAX}),
                         0);
        int r = live_elf_open(&image, BASE, &e);
        return r < 0 ? r : live_elf_symbol(&image, &e, name, ret);
}

static void symbols_are_found_in_both_tables(void **state _unused_)
{
        static const int64_t tags[] = {DT_HASH, DT_GNU_HASH};
        static const uint64_t firsts[] = {0, 0x400000};
        for (size_t n = 0; n < ARRAY_SIZE(tags) * ARRAY_SIZE(firsts); n++) {
                uint64_t address = 0;
                first_address = firsts[n / 2];
                /* glibc has put addresses there; elsewhere they are the file's. */
                for (unsigned relocated = 0; relocated < 2; relocated++) {
                        make(relocated ? BASE : first_address, tags[n % 2]);
                        assert_int_equal(find("defined", &address), 0);
                        assert_int_equal(address, BASE + VALUE);
                        assert_int_equal(find("undefined", &address), -ENOENT);
                        assert_int_equal(find("define", &address), -ENOENT);
                        assert_int_equal(find("", &address), -ENOENT);
                }
        }
        first_address = 0;
}

static void what_it_tells_of_itself(void **state _unused_)
{
        struct live_elf e;
        struct image_source source = {NULL, read_object, NULL};
        make(0, DT_HASH);
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, &area, 1, (struct image_budget){1 << 20, UINT64_MAX}),
                         0);
        assert_int_equal(live_elf_open(&image, BASE, &e), 0);
        assert_int_equal(e.start, BASE);
        assert_int_equal(e.end, BASE + 0x1800);
        assert_int_equal(e.bias, BASE);
        assert_int_equal(e.machine, EM_X86_64);
        assert_true(e.bound_at_load);
        assert_int_equal(e.slots, 0);
}

/* A static program has no dynamic section, and still lies somewhere. */
static void static_programs_have_a_place_only(void **state _unused_)
{
        struct live_elf e = {};
        struct image_source source = {NULL, read_object, NULL};
        uint64_t address;
        const uint32_t none = PT_NULL;
        make(0, DT_HASH);
        put(SEGMENTS + sizeof(Elf64_Phdr), &none, sizeof(none));
        assert_int_equal(find("defined", &address), -EINVAL);
        _cleanup_image_ struct image image;
        assert_int_equal(image_open(&image, &source, &area, 1, (struct image_budget){1 << 20, UINT64_MAX}),
                         0);
        assert_int_equal(live_elf_place(&image, BASE, &e), 0);
        assert_int_equal(e.end, BASE + 0x1800);
        object[0] = 'M';
        image_close(&image);
        assert_int_equal(image_open(&image, &source, &area, 1, (struct image_budget){1 << 20, UINT64_MAX}),
                         0);
        assert_int_equal(live_elf_place(&image, BASE, &e), -EINVAL);
}

static void lying_tables_yield_nothing(void **state _unused_)
{
        static const struct {
                const char *what;
                size_t at;
                uint64_t value;
                size_t size;
                int result;
        } lies[] = {
                {"32 bit", EI_CLASS, ELFCLASS32, 1, -EINVAL},
                {"big-endian", EI_DATA, ELFDATA2MSB, 1, -EINVAL},
                {"segments elsewhere", offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8, 8, -EINVAL},
                {"segments of another size", offsetof(Elf64_Ehdr, e_phentsize), 32, 2, -EINVAL},
                {"no segment", offsetof(Elf64_Ehdr, e_phnum), 0, 2, -EINVAL},
                {"no symbols", DYNAMIC + 8, 0x100000, 8, -ENOENT},
                {"no dynamic entries", DYNAMIC, DT_NULL, 8, -EINVAL},
                {"a name behind the strings", SYMBOLS + sizeof(Elf64_Sym), sizeof(names) + 100, 4, -ENOENT},
                {"no buckets", HASH, 0, 4, -ENOENT},
                {"a symbol behind the last", HASH + 8, 77, 4, -ENOENT},
                {"a chain that is a circle", HASH + 16, 1, 4, 0},
        };
        for (size_t n = 0; n < ARRAY_SIZE(lies); n++) {
                uint64_t address;
                make(0, DT_HASH);
                put(lies[n].at, &lies[n].value, lies[n].size);
                if (find("defined", &address) != lies[n].result)
                        fail_msg("%s", lies[n].what);
                /* What is not there is looked for to the end of the chain, wherever that is. */
                assert_true(find("absent", &address) < 0);
        }
        const struct {
                size_t at;
                uint32_t value;
        } gnu[] = {{0, 0}, {4, 100}, {8, 0}, {12, 64}, {16, 0}};
        for (size_t n = 0; n < ARRAY_SIZE(gnu); n++) {
                uint64_t address;
                make(0, DT_GNU_HASH);
                put(GNU_HASH + gnu[n].at, &gnu[n].value, 4);
                if (n == 4)
                        put(GNU_HASH + 20, &gnu[n].value, 4);
                assert_int_equal(find("defined", &address), -ENOENT);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(symbols_are_found_in_both_tables),
                cmocka_unit_test(what_it_tells_of_itself),
                cmocka_unit_test(static_programs_have_a_place_only),
                cmocka_unit_test(lying_tables_yield_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
