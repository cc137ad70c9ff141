/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_functions.h"

#include "wrapped.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_function(void *context, const struct elf_function *f)
{
        *(size_t *)context += strlen(f->name);
        return 0;
}

/* What is in .gnu_debugdata: an xz stream, and a file in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct wrapped section = {".gnu_debugdata", {(const char *)data, size}};
        _cleanup_buf_ struct buf unpacked = BUF_INIT(1 << 20);
        size_t whole, letters = 0;
        char *bytes = wrap(&section, 1, &whole);
        struct elf elf, inner;
        if (bytes && elf_open((struct span){bytes, whole}, &elf) == 0 &&
            elf_mini_debug(&elf, &unpacked) == 0 &&
            elf_open((struct span){unpacked.data, unpacked.size}, &inner) == 0)
                elf_functions(&inner, on_function, &letters);
        free(bytes);
        return 0;
}
