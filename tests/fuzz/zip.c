/* SPDX-License-Identifier: Apache-2.0 */
#include "format/zip.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
        memcpy(to, (const uint8_t *)context + offset, size);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zip_source source = {read_bytes, (void *)(uintptr_t)data, size};
        _cleanup_zip_ struct zip z = {};
        if (zip_open(&source, &z) < 0)
                return 0;
        struct zip_entry entry;
        uint64_t iterator = 0;
        for (int count = 0; count < 100 && zip_next(&z, &iterator, &entry) > 0; count++) {
                _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
                zip_read(&z, &entry, &out);
                if (out.size > out.limit)
                        __builtin_trap();
        }
        return 0;
}
