/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/native_calls.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
        const uint8_t *data;
        size_t size;
};

static int read_bytes(void *context, struct remote_piece *pieces, size_t count)
{
        const struct bytes *b = context;
        for (size_t i = 0; i < count; i++) {
                uint64_t at = pieces[i].address - 0x10000;
                pieces[i].got = at < b->size ? MIN(pieces[i].size, b->size - at) : 0;
                memcpy(pieces[i].to, b->data + (pieces[i].got ? at : 0), pieces[i].got);
        }
        return 0;
}

/* The memory of a process that maps one object, and its slots. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct native_query queries[] = {
                {"/usr/lib/libx.so", "called"}, {"/usr/lib/libx.so", "own"}, {"/usr/lib/libx.so", "waiting"}};
        bool called[ARRAY_SIZE(queries)];
        struct bytes bytes = {data, size};
        struct image_source source = {&bytes, read_bytes, NULL};
        struct image_area area = {.start = 0x10000,
                                  .end = 0x10000 + (size + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE,
                                  .readable = true,
                                  .path = "/usr/lib/libx.so"};
        struct image_budget budget = {16 << 20, 1000000000};
        struct image image;
        if (!size || image_open(&image, &source, &area, 1, budget) < 0)
                return 0;
        native_called(&image, (bool[]){true}, queries, ARRAY_SIZE(queries), called);
        image_close(&image);
        return 0;
}
