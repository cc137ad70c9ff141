/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

void *vec_grow(void *items, size_t count, size_t *allocated, size_t size)
{
        if (count < *allocated)
                return items;
        size_t want = *allocated ? *allocated * 2 : 8;
        void *grown = want < *allocated ? NULL : reallocarray(items, want, size);
        if (grown)
                *allocated = want;
        return grown;
}

void *vec_fit(void *items, size_t count, size_t *allocated, size_t size)
{
        if (count == *allocated)
                return items;
        if (!count) {
                free(items);
                *allocated = 0;
                return NULL;
        }
        void *fitted = reallocarray(items, count, size);
        if (!fitted)
                return items;
        *allocated = count;
        return fitted;
}
