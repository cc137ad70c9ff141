/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_done(struct buf *b)
{
        free(b->data);
        *b = BUF_INIT(b->limit);
}

void buf_clear(struct buf *b)
{
        b->size = 0;
        b->error = 0;
        if (b->data)
                b->data[0] = 0;
}

char *buf_reserve(struct buf *b, size_t size)
{
        if (b->error)
                return NULL;
        if (size > b->limit || b->size > b->limit - size) {
                b->error = -EFBIG;
                return NULL;
        }
        if (b->size + size + 1 > b->allocated) {
                size_t want = MAX(b->size + size + 1, MIN(b->allocated * 2, b->limit + 1));
                want = MAX(want, (size_t)64);
                char *grown = realloc(b->data, want);
                if (!grown) {
                        b->error = -ENOMEM;
                        return NULL;
                }
                b->data = grown;
                b->allocated = want;
        }
        return b->data + b->size;
}

void buf_grow(struct buf *b, size_t size)
{
        b->size += size;
        b->data[b->size] = 0;
}

int buf_add(struct buf *b, const void *data, size_t size)
{
        char *to = buf_reserve(b, size);
        if (!to)
                return b->error;
        if (size)
                memcpy(to, data, size);
        buf_grow(b, size);
        return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
        return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c)
{
        return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int size = vsnprintf(NULL, 0, format, args);
        va_end(args);
        char *to = size < 0 ? NULL : buf_reserve(b, size);
        if (to) {
                vsnprintf(to, (size_t)size + 1, format, again);
                buf_grow(b, size);
        } else if (!b->error) {
                b->error = -EINVAL;
        }
        va_end(again);
        return b->error;
}

char *buf_take(struct buf *b)
{
        if (!b->error && !b->data)
                buf_add(b, "", 0);
        if (b->error)
                return NULL;
        char *data = TAKE_PTR(b->data);
        *b = BUF_INIT(b->limit);
        return data;
}
