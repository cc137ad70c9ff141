/* SPDX-License-Identifier: Apache-2.0 */
#include "format/osv_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It comes to an end, and no id can lead out of a folder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span rest = {(const char *)data, size};
        struct osv_index_entry e;
        size_t count = 0;
        while (osv_index_next(&rest, &e) > 0)
                if (!e.id.size || memchr(e.id.data, '/', e.id.size) || ++count > size)
                        __builtin_trap();
        return 0;
}
