/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sbom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(32 << 20);
        _cleanup_sbom_ struct sbom sbom = {};
        struct error error = {};
        if (sbom_parse((const char *)data, size, &memory, &sbom, &error) < 0 && !error.text[0])
                __builtin_trap(); /* every refusal says why */
        return 0;
}
