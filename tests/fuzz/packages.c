/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers.h"

#include "format/apk.h"
#include "format/bundle.h"
#include "format/go_buildinfo.h"
#include "format/go_functions.h"
#include "format/go_module.h"
#include "format/pacman.h"
#include "format/rpm_database.h"
#include "format/rpm_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
        memcpy(to, (const uint8_t *)context + offset, size);
        return 0;
}

static int take_header(void *context, struct span blob)
{
        struct rpm_package p;
        struct span folder, name;
        size_t *sum = context;
        if (rpm_header_parse(blob, &p) < 0)
                return 0;
        struct rpm_files files = {};
        for (int i = 0; i < 10000 && rpm_file_next(&p, &files, &folder, &name); i++)
                for (size_t k = 0; k < name.size; k++)
                        *sum += (unsigned char)name.data[k];
        rpm_source_split(p.source_rpm, &folder, &name);
        return 0;
}

/* ---- one parser each --------------------------------------------------------------------------------- */

static void fuzz_apk(struct span text, struct arena *a)
{
        struct apk_package apk;
        struct span folder, name;
        (void)a;
        while (apk_installed_next(&text, &apk)) {
                struct apk_files files = {.rest = apk.body};
                while (apk_file_next(&files, &folder, &name))
                        ;
        }
}

static void fuzz_pacman(struct span text, struct arena *a)
{
        struct pacman_package pacman;
        struct span file;
        bool in_files = false;
        (void)a;
        pacman_desc_parse(text, &pacman);
        while (pacman_file_next(&text, &in_files, &file))
                ;
}

static void fuzz_rpm_header(struct span text, struct arena *a)
{
        size_t sum = 0;
        (void)a;
        take_header(&sum, text);
}

static void fuzz_rpm_ndb(struct span text, struct arena *a)
{
        const struct rpm_source source = {read_bytes, (void *)(uintptr_t)text.data, text.size};
        size_t sum = 0;
        (void)a;
        rpm_ndb_walk(&source, take_header, &sum);
}

static void fuzz_rpm_bdb(struct span text, struct arena *a)
{
        const struct rpm_source source = {read_bytes, (void *)(uintptr_t)text.data, text.size};
        size_t sum = 0;
        (void)a;
        rpm_bdb_walk(&source, take_header, &sum);
}

static void fuzz_bundle(struct span text, struct arena *a)
{
        struct span name, version;
        (void)a;
        bundle_nix(text, &name, &version);
        bundle_snap_field(text, "name", &name);
        bundle_metainfo_version(text, &version);
}

static void fuzz_go_module(struct span text, struct arena *a)
{
        (void)a;
        go_module_of(go_import_path(text));
}

static int take_function(void *context, const struct go_function *f)
{
        *(size_t *)context += f->name.size;
        return 0;
}

static void fuzz_go_functions(struct span text, struct arena *a)
{
        struct elf elf;
        struct go_functions functions;
        size_t letters = 0;
        (void)a;
        if (elf_open(text, &elf) == 0 && go_functions_open(&elf, &functions) == 0)
                go_functions_walk(&functions, take_function, &letters);
}

static void fuzz_go_buildinfo(struct span text, struct arena *a)
{
        struct elf elf;
        struct go_buildinfo info = {};
        if (elf_open(text, &elf) == 0 && go_buildinfo_parse(&elf, a, &info) == 0)
                vec_done(&info.modules);
}

static void fuzz_go_search(struct span text, struct arena *a)
{
        struct go_buildinfo info = {};
        if (go_buildinfo_search(text, a, &info) == 0)
                vec_done(&info.modules);
}

static const struct fuzz_parser parsers[] = {
        {'a', "apk", fuzz_apk},
        {'p', "pacman", fuzz_pacman},
        {'h', "rpm-header", fuzz_rpm_header},
        {'n', "rpm-ndb", fuzz_rpm_ndb},
        {'b', "rpm-bdb", fuzz_rpm_bdb},
        {'s', "bundles", fuzz_bundle},
        {'g', "go-module", fuzz_go_module},
        {'f', "go-functions", fuzz_go_functions},
        {'i', "go-buildinfo", fuzz_go_buildinfo},
        {'o', "go-search", fuzz_go_search},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_parse(parsers, ARRAY_SIZE(parsers), data, size);
        return 0;
}
