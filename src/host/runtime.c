/* SPDX-License-Identifier: Apache-2.0 */

/* Interpreters are recognised by the symbols that they export for extension modules, which survive
 * stripping; files by their names, which is all that package lists tell. */

#include "host/runtime.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

const char *runtime_name(enum runtime one)
{
        switch (one) {
        case RUNTIME_NATIVE:
                return "native";
        case RUNTIME_PYTHON:
                return "CPython";
        case RUNTIME_NODE:
                return "Node.js";
        case RUNTIME_JAVA:
                return "JVM";
        case RUNTIME_RUBY:
                return "Ruby";
        case RUNTIME_PHP:
                return "PHP";
        case RUNTIME_PERL:
                return "Perl";
        case RUNTIME_SHELL:
                return "shell";
        case RUNTIME_DOTNET:
                return ".NET";
        case RUNTIME_KERNEL:
                return "kernel";
        case RUNTIME_UNKNOWN:
                return "unknown";
        case _RUNTIME_ALL:
                break;
        }
        return "unknown";
}

struct naming {
        const char *name;
        enum runtime runtime;
};

static uint32_t find(const struct naming *table, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (!strcmp(table[i].name, name))
                        return table[i].runtime;
        return 0;
}

uint32_t runtime_of_symbol(const char *symbol)
{
        static const struct naming symbols[] = {
                {"Py_Initialize", RUNTIME_PYTHON}, /* CPython, Include/pylifecycle.h */
                {"Py_InitializeEx", RUNTIME_PYTHON},
                {"Py_BytesMain", RUNTIME_PYTHON},
                {"_ZN4node5StartEiPPc", RUNTIME_NODE}, /* node::Start(int, char **), src/node.h */
                {"node_api_symbol_for", RUNTIME_NODE},
                {"napi_module_register", RUNTIME_NODE}, /* Node-API, src/node_api.h */
                {"JNI_CreateJavaVM", RUNTIME_JAVA},     /* JNI specification, invocation API */
                {"ruby_init", RUNTIME_RUBY},            /* include/ruby/internal/interpreter.h */
                {"php_module_startup", RUNTIME_PHP},    /* main/php_main.h */
                {"zend_execute_ex", RUNTIME_PHP},       /* Zend/zend_execute.h */
                {"perl_parse", RUNTIME_PERL},           /* perlembed(1) */
                {"Perl_runops_standard", RUNTIME_PERL},
                {"coreclr_initialize", RUNTIME_DOTNET}, /* coreclr hosting interface */
                {"DotNetRuntimeInfo",
                 RUNTIME_DOTNET},                  /* single-file programs, src/coreclr/debug/runtimeinfo */
                {"mono_jit_init", RUNTIME_DOTNET}, /* Mono, mono/mini/jit.h */
        };
        return find(symbols, ARRAY_SIZE(symbols), symbol);
}

/* Every CPython imports this module by its name before there is any other (Python/import.c,
 * Python/pylifecycle.c). The first letter is put in here, so that this program does not contain the name
 * itself. */
uint32_t runtime_of_constants(struct span rodata)
{
        char name[] = "?frozen_importlib_external";
        name[0] = '_';
        return rodata.size && memmem(rodata.data, rodata.size, name, sizeof(name)) ? RUNTIME_PYTHON : 0;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

uint32_t runtime_of_program(const char *path)
{
        static const struct naming programs[] = {
                {"python", RUNTIME_PYTHON},    {"pypy", RUNTIME_UNKNOWN},  {"node", RUNTIME_NODE},
                {"nodejs", RUNTIME_NODE},      {"java", RUNTIME_JAVA},     {"ruby", RUNTIME_RUBY},
                {"php", RUNTIME_PHP},          {"php-fpm", RUNTIME_PHP},   {"php-cgi", RUNTIME_PHP},
                {"perl", RUNTIME_PERL},        {"sh", RUNTIME_SHELL},      {"bash", RUNTIME_SHELL},
                {"dash", RUNTIME_SHELL},       {"ash", RUNTIME_SHELL},     {"ksh", RUNTIME_SHELL},
                {"zsh", RUNTIME_SHELL},        {"awk", RUNTIME_SHELL},     {"gawk", RUNTIME_SHELL},
                {"mawk", RUNTIME_SHELL},       {"sed", RUNTIME_SHELL},     {"tclsh", RUNTIME_UNKNOWN},
                {"lua", RUNTIME_UNKNOWN},      {"dotnet", RUNTIME_DOTNET}, {"bun", RUNTIME_NODE},
                {"deno", RUNTIME_NODE},        {"hhvm", RUNTIME_PHP},      {"mono", RUNTIME_DOTNET},
                {"mono-sgen", RUNTIME_DOTNET},
        };
        char name[64];
        const char *base = base_name(path);
        size_t size = strlen(base);
        /* "python3.11", "php8.2", "ruby3.1": without the version; "python3-config" stays itself. */
        while (size && (isdigit((unsigned char)base[size - 1]) || base[size - 1] == '.'))
                size--;
        if (!size || size >= sizeof(name))
                return 0;
        memcpy(name, base, size);
        name[size] = '\0';
        return find(programs, ARRAY_SIZE(programs), name);
}

bool runtime_emulates(const char *path)
{
        static const char *const names[] = {"box64", "box86",  "FEXInterpreter", "FEXLoader",
                                            "wine",  "wine64", "wine-preloader", "wine64-preloader"};
        static const char *const tools[] = {"system-",        "img",           "io",        "nbd",  "ga",
                                            "storage-daemon", "bridge-helper", "pr-helper", "edid", "keymap",
                                            "vmsr-helper",    "vhost-user"};
        const char *base = base_name(path);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (!strcmp(base, names[i]))
                        return true;
        if (!str_starts(base, "qemu-"))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
                if (str_starts(base + strlen("qemu-"), tools[i]))
                        return false;
        return true;
}

/* "libssl.so.3", "libfoo.so", "x.cpython-311-x86_64-linux-gnu.so" */
static bool is_shared_object(const char *name)
{
        for (const char *s = name; (s = strstr(s, ".so")); s += 3)
                if (s != name && (!s[3] || (s[3] == '.' && isdigit((unsigned char)s[4]))))
                        return true;
        return false;
}

uint32_t runtime_of_file_name(const char *path)
{
        static const struct naming endings[] = {
                {"py", RUNTIME_PYTHON},    {"pyc", RUNTIME_PYTHON},   {"pyo", RUNTIME_PYTHON},
                {"js", RUNTIME_NODE},      {"mjs", RUNTIME_NODE},     {"cjs", RUNTIME_NODE},
                {"node", RUNTIME_NATIVE},  {"jar", RUNTIME_JAVA},     {"war", RUNTIME_JAVA},
                {"ear", RUNTIME_JAVA},     {"class", RUNTIME_JAVA},   {"jmod", RUNTIME_JAVA},
                {"rb", RUNTIME_RUBY},      {"php", RUNTIME_PHP},      {"phar", RUNTIME_PHP},
                {"pl", RUNTIME_PERL},      {"pm", RUNTIME_PERL},      {"sh", RUNTIME_SHELL},
                {"awk", RUNTIME_SHELL},    {"dll", RUNTIME_DOTNET},   {"ko", RUNTIME_UNKNOWN},
                {"lua", RUNTIME_UNKNOWN},  {"tcl", RUNTIME_UNKNOWN},  {"el", RUNTIME_UNKNOWN},
                {"elc", RUNTIME_UNKNOWN},  {"scm", RUNTIME_UNKNOWN},  {"go", RUNTIME_UNKNOWN},
                {"wasm", RUNTIME_UNKNOWN}, {"beam", RUNTIME_UNKNOWN}, {"hs", RUNTIME_UNKNOWN},
                {"r", RUNTIME_UNKNOWN},    {"R", RUNTIME_UNKNOWN},
        };
        const char *name = base_name(path), *dot = strrchr(name, '.');
        if (is_shared_object(name))
                return RUNTIME_NATIVE;
        /* Whether a module is loaded cannot be told from mappings. */
        if (str_ends(name, ".ko.xz") || str_ends(name, ".ko.zst") || str_ends(name, ".ko.gz"))
                return RUNTIME_UNKNOWN;
        return dot && dot != name ? find(endings, ARRAY_SIZE(endings), dot + 1) : 0;
}
