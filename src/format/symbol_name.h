/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names of functions as compilers write them, and as people and advisories do. */

#include "base/str.h"

/* What the compiler made of a function (GCC: cgraphclones.cc, ipa-split.cc; LLVM: ThinLTO promotion). */
enum symbol_clone {
        SYMBOL_WHOLE,   /* the function, or a specialised copy of it (.isra, .constprop, .lto_priv, .llvm) */
        SYMBOL_PART,    /* .part: its head is inlined into the callers */
        SYMBOL_COLD,    /* .cold: never entered by a call */
        SYMBOL_OUTLINED /* any other suffix: a piece of a function, such as .omp_fn */
};
/* The name without version ("@@GLIBC_2.2") and without the suffixes that compilers add; of a version for
 * vectors or transactions ("_ZGVbN2v_name", "_ZGTt4name") the name of the function. */
struct span symbol_fold(const char *name, enum symbol_clone *ret_clone);

enum { SYMBOL_DEMANGLED = 4096, SYMBOL_MANGLED = 2048 }; /* bytes, NUL included */
/* Readable form of an Itanium C++ or Rust (legacy, v0) name, without parameters, return type and hash. False:
 * it is none, or too long. Time is bounded by the size of the result. */
bool symbol_demangle(struct span mangled, char to[static SYMBOL_DEMANGLED]);

/* Whether a (folded) symbol is the function `wanted`: equal as it stands, or its readable form is, type
 * parameters aside ("lru::LruCache::iter" names "lru::LruCache<K,V>::iter"). A thunk of C++ is its function,
 * so is its version for transactions; where `wanted` is mangled, the variants of a constructor are. */
bool symbol_is(struct span symbol, const char *wanted);

/* Itanium C++ ABI, 5.1.4.4: "Virtual Override Thunks". */
bool symbol_is_thunk(struct span symbol);
/* The mangled name of the function that a thunk leads to, and its size; 0: none, or too long. */
size_t symbol_behind_thunk(struct span symbol, char to[static SYMBOL_MANGLED]);
/* Rust's mangling, legacy or v0. */
bool symbol_is_rust(struct span symbol);
/* Whether it belongs to a crate that Rust's standard library is made of (library/Cargo.lock of
 * rust-lang/rust): these were compiled before all others. False as well where the name cannot be read. */
bool symbol_is_rust_std(struct span symbol);
