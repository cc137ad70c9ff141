/* SPDX-License-Identifier: Apache-2.0 */
#include "format/symbol_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *name = malloc(size + 1), text[SYMBOL_DEMANGLED];
        enum symbol_clone clone;
        if (!name)
                return 0;
        memcpy(name, data, size);
        name[size] = 0;
        struct span whole = symbol_fold(name, &clone);
        symbol_demangle(whole, text);
        symbol_is(whole, "core::fmt::Formatter::pad");
        free(name);
        return 0;
}
