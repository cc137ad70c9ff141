/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who runs a piece of code: the CPU itself, or an interpreter. A set of these (bits) says for a package
 * what its files need in order to be used, and for a process which of them it holds. */

#include "base/str.h"

enum runtime {
        RUNTIME_NATIVE = 1 << 0, /* ELF machine code, mapped executable */
        RUNTIME_PYTHON = 1 << 1,
        RUNTIME_NODE = 1 << 2,
        RUNTIME_JAVA = 1 << 3,
        RUNTIME_RUBY = 1 << 4,
        RUNTIME_PHP = 1 << 5,
        RUNTIME_PERL = 1 << 6,
        RUNTIME_SHELL = 1 << 7, /* sh, bash, awk … scripts */
        RUNTIME_DOTNET = 1 << 8,
        RUNTIME_KERNEL = 1 << 9,   /* the kernel and its modules */
        RUNTIME_UNKNOWN = 1 << 10, /* files whose kind could not be told: blocks every negative */
        _RUNTIME_ALL = (1 << 11) - 1,
};

const char *runtime_name(enum runtime one); /* "native", "CPython", "Node.js", "JVM", … for one bit */
/* The interpreter that exports this dynamic symbol, else 0 (Py_Main, node::Start, JNI_CreateJavaVM,
 * ruby_init, php_module_startup, perl_parse …). Works for stripped programs: extension modules need
 * these names. */
uint32_t runtime_of_symbol(const char *symbol);
/* The interpreter that is linked into a program and exports nothing, by what lies in the program's .rodata;
 * else 0. */
uint32_t runtime_of_constants(struct span rodata);
/* By file name of an executable or script interpreter ("python3.11", "node", "sh"), else 0. */
uint32_t runtime_of_program(const char *path);
/* Whether the program runs other programs whose code is never mapped executable: qemu-aarch64-static, box64 …
 */
bool runtime_emulates(const char *path);
/* By the ending of a file that holds code (".py", ".js", ".jar", ".rb", ".php", ".pm", ".so.3"), else 0. */
uint32_t runtime_of_file_name(const char *path);
