/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The functions of a Go program, from the table that its runtime unwinds stacks with and that stripping does
 * not remove (Go source: src/debug/gosym/pclntab.go, src/runtime/symtab.go, symtabinl.go). */

#include "format/elf.h"

struct go_functions {
        const struct elf *elf;
        struct span table; /* from the header of pclntab on */
        enum go_layout {
                GO_1_2 = 2,   /* 1.2 to 1.15 */
                GO_1_16 = 16, /* and 1.17 */
                GO_1_18 = 18, /* and 1.19 */
                GO_1_20 = 20, /* up to now */
        } layout;
        size_t pointer; /* bytes of a pointer */
        uint64_t count;
        uint64_t text;             /* address that entries are relative to; 0 before 1.18 */
        uint64_t inline_base;      /* address of go:func.*, 0: inlined copies cannot be found */
        struct span names, values; /* funcnametab, pctab */
        uint64_t functions;        /* offset of functab */
};

/* 0; -ENOENT: no table, or no such thing as a Go program; -EBADMSG: damaged; -ENOTSUP: an unknown version, or
 * it cannot be proven where the code begins. The ELF file is borrowed. */
int go_functions_open(const struct elf *e, struct go_functions *ret);

struct go_function {
        struct span name;         /* "golang.org/x/text/language.Parse", "net/http.(*conn).serve" */
        uint64_t address, size;   /* of its code */
        bool inlined;             /* a piece of a copy inside of another function */
        uint64_t host, host_size; /* inlined: that function's code */
};
/* Called for each function; for each copy that was inlined into another one with a size of 0; and for each
 * piece of such a copy, those of copies inside of it among them. Until it returns non-zero, which is
 * returned. An inlined copy whose name cannot be read has an empty one: what is inlined is not known in
 * whole. At most 4,000,000 functions are walked. */
typedef int (*go_function_handler)(void *context, const struct go_function *f);
int go_functions_walk(const struct go_functions *g, go_function_handler handler, void *context);

/* Whether the name of a function is that of `function` ("T.M" or "F", as advisories write it) in the package
 * `import_path`: type parameters and the star of a receiver aside. Closures in it are other functions. */
bool go_function_is(struct span name, const char *import_path, const char *function);
/* Whether it is the function of that whole name, as nm, stack traces and the table itself write it: type
 * parameters and the star of a receiver aside, and "%2e" being a dot. */
bool go_function_is_called(struct span name, const char *whole);
/* The last word of a name, type parameters aside: "Parse", "serve". */
struct span go_last_word(struct span name);
