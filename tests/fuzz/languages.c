/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers.h"

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

static void fuzz_node(struct span text, struct arena *a)
{
        struct node_package node;
        node_package_parse(text, a, &node);
}

static void fuzz_gemspec(struct span text, struct arena *a)
{
        struct gemspec gem;
        gemspec_parse(text, a, &gem);
        gemspec_version_constant(text, a);
}

/* ---- Java ------------------------------------------------------------------------------------------- */

#define NAMES_FUZZER(parser)                                         \
        static void fuzz_##parser(struct span text, struct arena *a) \
        {                                                            \
                struct java_names names;                             \
                parser(text, a, &names);                             \
        }
NAMES_FUZZER(java_pom_properties)
NAMES_FUZZER(java_pom_xml)
NAMES_FUZZER(java_manifest)
NAMES_FUZZER(java_file_name)
NAMES_FUZZER(java_release)

static void fuzz_java_class(struct span text, struct arena *a)
{
        java_class_version(text, a);
}

static void fuzz_java_dependencies(struct span text, struct arena *a)
{
        java_pom_dependency(text, "g", "a", a);
        java_dependencies_get(text, "g", "a", a);
}

static void fuzz_java(struct span text, struct arena *a)
{
        fuzz_java_pom_properties(text, a);
        fuzz_java_pom_xml(text, a);
        fuzz_java_manifest(text, a);
        fuzz_java_file_name(text, a);
        fuzz_java_release(text, a);
        fuzz_java_class(text, a);
        fuzz_java_dependencies(text, a);
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

/* ---- PHP, .NET, Rust ---------------------------------------------------------------------------------- */

static void fuzz_composer_json(struct span text, struct arena *a)
{
        composer_list list = {};
        composer_json_parse(text, a, &list);
        vec_done(&list);
}

static void fuzz_composer_php(struct span text, struct arena *a)
{
        composer_list list = {};
        composer_php_parse(text, a, &list);
        vec_done(&list);
}

static void fuzz_pear(struct span text, struct arena *a)
{
        struct composer_package package;
        pear_registry_parse(text, a, &package);
}

static void fuzz_composer(struct span text, struct arena *a)
{
        fuzz_composer_json(text, a);
        fuzz_composer_php(text, a);
        fuzz_pear(text, a);
}

static void fuzz_deps(struct span text, struct arena *a)
{
        _cleanup_dotnet_deps_ struct dotnet_deps deps = {};
        dotnet_deps_parse(text, a, &deps);
}

static void fuzz_single_file(struct span text, struct arena *a)
{
        struct span found;
        if (dotnet_bundle_find(text, text, &found) == 0)
                fuzz_deps(found, a);
}

static void fuzz_dotnet(struct span text, struct arena *a)
{
        fuzz_deps(text, a);
        fuzz_single_file(text, a);
}

static void fuzz_pe(struct span text, struct arena *a)
{
        struct pe_identity pe;
        pe_identity_parse(text, a, &pe);
}

static void fuzz_rust_audit(struct span text, struct arena *a)
{
        rust_crate_list crates = {};
        rust_audit_parse(text, a, &crates);
        vec_done(&crates);
}

static void fuzz_rust_paths(struct span text, struct arena *a)
{
        rust_crate_list crates = {};
        rust_paths_find(text, a, &crates);
        vec_done(&crates);
}

static void fuzz_rust(struct span text, struct arena *a)
{
        fuzz_rust_audit(text, a);
        fuzz_rust_paths(text, a);
}

/* ---- small manifests -------------------------------------------------------------------------------- */

#define MANIFEST_FUZZER(parser)                                      \
        static void fuzz_##parser(struct span text, struct arena *a) \
        {                                                            \
                struct manifest m;                                   \
                parser(text, a, &m);                                 \
        }
MANIFEST_FUZZER(manifest_erlang)
MANIFEST_FUZZER(manifest_perl)
MANIFEST_FUZZER(manifest_r)
MANIFEST_FUZZER(manifest_lua)
MANIFEST_FUZZER(manifest_wordpress)
MANIFEST_FUZZER(manifest_wordpress_core)
MANIFEST_FUZZER(manifest_conan_reference)

static void fuzz_manifest_conan(struct span text, struct arena *a)
{
        struct manifest m;
        fuzz_manifest_conan_reference(text, a);
        while (manifest_conan_next(&text, a, &m) == 0)
                ;
}

static void fuzz_manifests(struct span text, struct arena *a)
{
        fuzz_manifest_conan(text, a);
        fuzz_manifest_erlang(text, a);
        fuzz_manifest_perl(text, a);
        fuzz_manifest_r(text, a);
        fuzz_manifest_lua(text, a);
        fuzz_manifest_wordpress(text, a);
        fuzz_manifest_wordpress_core(text, a);
}

/* ---- bundles ---------------------------------------------------------------------------------------- */

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

static void fuzz_elf_package(struct span text, struct arena *a)
{
        struct elf elf;
        struct elf_package note;
        if (elf_open(text, &elf) == 0)
                elf_package_parse(&elf, a, &note);
}

static const struct fuzz_parser parsers[] = {
        {'n', "node", fuzz_node},
        {'g', "gemspec", fuzz_gemspec},
        {'j', "java", fuzz_java},
        {0, "java-properties", fuzz_java_pom_properties},
        {0, "java-pom", fuzz_java_pom_xml},
        {0, "java-manifest", fuzz_java_manifest},
        {0, "java-file", fuzz_java_file_name},
        {0, "java-release", fuzz_java_release},
        {0, "java-class", fuzz_java_class},
        {0, "java-dependencies", fuzz_java_dependencies},
        {'p', "java-prints", fuzz_prints},
        {'s', "signatures", fuzz_signatures},
        {'c', "composer", fuzz_composer},
        {0, "composer-json", fuzz_composer_json},
        {0, "composer-php", fuzz_composer_php},
        {0, "pear", fuzz_pear},
        {'d', "dotnet", fuzz_dotnet},
        {0, "dotnet-deps", fuzz_deps},
        {0, "dotnet-single-file", fuzz_single_file},
        {'w', "pe", fuzz_pe},
        {'r', "rust", fuzz_rust},
        {0, "rust-audit", fuzz_rust_audit},
        {0, "rust-paths", fuzz_rust_paths},
        {'m', "manifests", fuzz_manifests},
        {0, "conan", fuzz_manifest_conan},
        {0, "erlang", fuzz_manifest_erlang},
        {0, "perl", fuzz_manifest_perl},
        {0, "r", fuzz_manifest_r},
        {0, "lua", fuzz_manifest_lua},
        {0, "wordpress", fuzz_manifest_wordpress},
        {0, "wordpress-core", fuzz_manifest_wordpress_core},
        {'a', "asar", fuzz_asar},
        {'b', "module-paths", fuzz_modules},
        {'e', "elf-package", fuzz_elf_package},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        fuzz_parse(parsers, ARRAY_SIZE(parsers), data, size);
        return 0;
}
