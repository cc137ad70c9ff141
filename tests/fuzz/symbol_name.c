/* SPDX-License-Identifier: Apache-2.0 */
#include "format/symbol_name.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *name = malloc(size + 1), text[SYMBOL_DEMANGLED], target[SYMBOL_MANGLED];
        enum symbol_clone clone;
        if (!name)
                return 0;
        memcpy(name, data, size);
        name[size] = 0;
        struct span whole = symbol_fold(name, &clone);
        symbol_demangle(whole, text);
        symbol_is(whole, "core::fmt::Formatter::pad");
        symbol_is(whole, "_ZN1C1gEv");
        symbol_is_rust(whole);
        symbol_is_rust_std(whole);
        if (symbol_is_thunk(whole) && symbol_behind_thunk(whole, target) > sizeof(target))
                abort();
        free(name);
        return 0;
}
