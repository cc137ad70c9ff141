/* SPDX-License-Identifier: Apache-2.0 */
#include "format/purl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every refusal says why, and the canonical form of what is taken is taken again and stays as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_arena_ struct arena memory = ARENA_INIT(4 << 20);
        _cleanup_buf_ struct buf once = BUF_INIT(1 << 20), twice = BUF_INIT(1 << 20);
        struct error error = {};
        struct purl p = {}, again = {};
        int r = purl_parse((struct span){(const char *)data, size}, &memory, &p, &error);
        if (r < 0) {
                if (!error.text[0])
                        __builtin_trap();
                return 0;
        }
        if (purl_write(&p, &once) < 0 || once.size > PURL_SIZE_MAX)
                return 0;
        if (purl_parse((struct span){once.data, once.size}, &memory, &again, &error) < 0 ||
            purl_write(&again, &twice) < 0 || strcmp(once.data, twice.data))
                __builtin_trap();
        return 0;
}
