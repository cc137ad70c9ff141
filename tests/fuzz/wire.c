/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wire.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first half says what is asked for, the second is what is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct arena a = ARENA_INIT(1 << 16);
        size_t questions = size / 2;
        struct wire w = WIRE_INIT((const char *)data + questions, size - questions);
        for (size_t i = 0; i < questions; i++) {
                bool failed = w.failed;
                size_t left = w.left;
                uint64_t number = 0;
                struct span bytes = {};
                const char *text = NULL;
                switch (data[i] % 4) {
                case 0:
                        number = wire_get_u64(&w);
                        break;
                case 1:
                        number = wire_get_max(&w, data[i]);
                        assert(number <= data[i]);
                        break;
                case 2:
                        bytes = wire_get_bytes(&w);
                        assert(bytes.size <= left);
                        break;
                default:
                        text = wire_get_str(&w, &a);
                        assert(!text || strlen(text) <= left);
                }
                assert(w.left <= left);
                if (failed)
                        assert(w.failed && !number && !bytes.size && !text);
        }
        wire_end(&w);
        arena_done(&a);
        return 0;
}
