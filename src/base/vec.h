/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Typed growing arrays. VEC(struct thing) is a type { struct thing *items; size_t count, allocated; }.
 *
 *     VEC(struct thing) things = {};
 *     struct thing *t = vec_add(&things);      // zeroed new element, or NULL when memory is out
 *     vec_each (thing, &things) …              // thing is a pointer to each element
 *     vec_done(&things);                       // frees the array only, not what elements own
 *
 * Pointers to elements are valid until the next vec_add. */

#include "base/macro.h"

#include <string.h>

#define VEC(type)                        \
        struct {                         \
                type *items;             \
                size_t count, allocated; \
        }

void *vec_grow(void *items, size_t count, size_t *allocated, size_t size);
void *vec_fit(void *items, size_t count, size_t *allocated, size_t size);

#define vec_add(v)                                                                                 \
        ({                                                                                         \
                __auto_type _v = (v);                                                              \
                void *_grown = vec_grow(_v->items, _v->count, &_v->allocated, sizeof(*_v->items)); \
                __typeof__(_v->items) _item = NULL;                                                \
                if (_grown) {                                                                      \
                        _v->items = _grown;                                                        \
                        _item = &_v->items[_v->count++];                                           \
                        memset((void *)_item, 0, sizeof(*_item));                                  \
                }                                                                                  \
                _item;                                                                             \
        })

#define vec_each(item, v) \
        for (__typeof__((v)->items + 0) item = (v)->items; item && item < (v)->items + (v)->count; item++)

#define vec_done(v)                            \
        do {                                   \
                __auto_type _v = (v);          \
                free(_v->items);               \
                _v->items = NULL;              \
                _v->count = _v->allocated = 0; \
        } while (0)

/* Give back the room behind the last element. */
#define vec_trim(v)                                                                            \
        do {                                                                                   \
                __auto_type _v = (v);                                                          \
                _v->items = vec_fit(_v->items, _v->count, &_v->allocated, sizeof(*_v->items)); \
        } while (0)
