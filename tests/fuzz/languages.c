/* SPDX-License-Identifier: Apache-2.0 */
#include "format/asar.h"
#include "format/composer.h"
#include "format/dotnet_deps.h"
#include "format/elf_package.h"
#include "format/gemspec.h"
#include "format/java_names.h"
#include "format/java_prints.h"
#include "format/manifest.h"
#include "format/module_paths.h"
#include "format/node_package.h"
#include "format/pe.h"
#include "format/rust_crates.h"
#include "format/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_java(struct span text, struct arena *a)
{
        struct java_names names;
        java_pom_properties(text, a, &names);
        java_pom_xml(text, a, &names);
        java_manifest(text, a, &names);
        java_file_name(text, a, &names);
        java_release(text, a, &names);
        java_class_version(text, a);
        java_pom_dependency(text, "g", "a", a);
        java_dependencies_get(text, "g", "a", a);
}

/* The first line is the table, the rest entries of an archive. */
static void fuzz_prints(struct span text, struct arena *a)
{
        struct java_prints *prints = NULL;
        struct span table, entry;
        java_copies copies = {};
        if (!span_cut(&text, '\n', &table) || java_prints_parse(table, a, &prints) < 0)
                return;
        while (span_cut(&text, '\n', &entry))
                java_prints_note(prints, entry, a, &copies);
        java_prints_finish(&copies);
        vec_done(&copies);
        java_prints_free(prints);
}

static void fuzz_signatures(struct span text, struct arena *a)
{
        struct signatures *signatures = NULL;
        struct span table;
        signature_hits hits = {};
        if (!span_cut(&text, '\n', &table) || signatures_parse(table, a, &signatures) < 0)
                return;
        signatures_find(signatures, text, "python3.11", a, &hits);
        vec_done(&hits);
        signatures_free(signatures);
}

static void fuzz_composer(struct span text, struct arena *a)
{
        composer_list list = {};
        struct composer_package package;
        composer_json_parse(text, a, &list);
        composer_php_parse(text, a, &list);
        pear_registry_parse(text, a, &package);
        vec_done(&list);
}

static void fuzz_dotnet(struct span text, struct arena *a)
{
        _cleanup_dotnet_deps_ struct dotnet_deps deps = {};
        struct span found;
        dotnet_deps_parse(text, a, &deps);
        if (dotnet_bundle_find(text, text, &found) == 0)
                dotnet_deps_parse(found, a, &deps);
}

static void fuzz_rust(struct span text, struct arena *a)
{
        rust_crate_list crates = {};
        rust_audit_parse(text, a, &crates);
        rust_paths_find(text, a, &crates);
        vec_done(&crates);
}

static void fuzz_manifests(struct span text, struct arena *a)
{
        struct manifest m;
        struct span rest = text;
        while (manifest_conan_next(&rest, a, &m) == 0)
                ;
        manifest_erlang(text, a, &m);
        manifest_perl(text, a, &m);
        manifest_r(text, a, &m);
        manifest_lua(text, a, &m);
        manifest_wordpress(text, a, &m);
        manifest_wordpress_core(text, a, &m);
}

static void fuzz_asar(struct span text, struct arena *a)
{
        asar_list list = {};
        uint64_t size, base;
        if (asar_head(text, &size, &base) == 0 && size <= text.size - ASAR_HEAD)
                asar_find((struct span){text.data + ASAR_HEAD, (size_t)size}, base, base + 4096,
                          "package.json", a, &list);
        vec_done(&list);
}

static void fuzz_modules(struct span text, struct arena *a)
{
        module_path_list list = {};
        module_paths_find(text, a, &list);
        vec_done(&list);
}

/* The first byte says which parser reads the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!size)
                return 0;
        struct span text = {(const char *)data + 1, size - 1};
        struct arena a = ARENA_INIT(16 << 20);
        struct node_package node;
        struct gemspec gem;
        struct pe_identity pe;
        struct elf elf;
        struct elf_package note;
        switch (data[0]) {
        case 'n':
                node_package_parse(text, &a, &node);
                break;
        case 'g':
                gemspec_parse(text, &a, &gem);
                gemspec_version_constant(text, &a);
                break;
        case 'j':
                fuzz_java(text, &a);
                break;
        case 'p':
                fuzz_prints(text, &a);
                break;
        case 's':
                fuzz_signatures(text, &a);
                break;
        case 'c':
                fuzz_composer(text, &a);
                break;
        case 'd':
                fuzz_dotnet(text, &a);
                break;
        case 'r':
                fuzz_rust(text, &a);
                break;
        case 'm':
                fuzz_manifests(text, &a);
                break;
        case 'a':
                fuzz_asar(text, &a);
                break;
        case 'b':
                fuzz_modules(text, &a);
                break;
        case 'w':
                pe_identity_parse(text, &a, &pe);
                break;
        case 'e':
                if (elf_open(text, &elf) == 0)
                        elf_package_parse(&elf, &a, &note);
                break;
        }
        arena_done(&a);
        return 0;
}
