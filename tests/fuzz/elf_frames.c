/* SPDX-License-Identifier: Apache-2.0 */
#include "format/elf_frames.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_frame(void *context, const struct elf_frame *f)
{
        struct elf *e = context;
        struct span code;
        if (!f->size || elf_at_address(e, f->address, &code) < 0 || code.size < f->size)
                abort(); /* code that the file does not hold */
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct elf e;
        if (elf_open((struct span){(const char *)data, size}, &e) == 0)
                elf_frames(&e, on_frame, &e);
        return 0;
}
