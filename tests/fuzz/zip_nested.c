/* SPDX-License-Identifier: Apache-2.0 */
#include "format/zip_nested.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_DEPTH = 4, MOST_ENTRIES = 20 };

static int read_bytes(void *context, uint64_t offset, void *to, size_t size)
{
        memcpy(to, (const uint8_t *)context + offset, size);
        return 0;
}

static void walk(const struct zip_source *source, uint64_t *budget, int depth)
{
        _cleanup_zip_ struct zip z = {};
        struct zip_entry entry;
        uint64_t iterator = 0;
        if (depth == MOST_DEPTH || zip_open(source, &z) < 0)
                return;
        for (int count = 0; count < MOST_ENTRIES && zip_next(&z, &iterator, &entry) > 0; count++) {
                _cleanup_zip_nested_ struct zip_nested *nested = NULL;
                if (zip_nested_open(&z, &entry, budget, &nested) < 0)
                        continue;
                struct zip_source inner = zip_nested_source(nested);
                walk(&inner, budget, depth + 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zip_source source = {read_bytes, (void *)(uintptr_t)data, size};
        uint64_t budget = 16 << 20;
        walk(&source, &budget, 0);
        return 0;
}
