/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wire.h"

#include <errno.h>

#define WIRE_NULL UINT64_MAX /* the length that stands for a NULL string */

void wire_put_u64(struct buf *b, uint64_t value)
{
        buf_add(b, &value, sizeof(value));
}

void wire_put_bytes(struct buf *b, const void *data, size_t size)
{
        wire_put_u64(b, size);
        buf_add(b, data, size);
}

void wire_put_str(struct buf *b, const char *s)
{
        if (s)
                wire_put_bytes(b, s, strlen(s));
        else
                wire_put_u64(b, WIRE_NULL);
}

uint64_t wire_get_u64(struct wire *w)
{
        uint64_t value;
        if (w->failed || w->left < sizeof(value)) {
                w->failed = true;
                return 0;
        }
        memcpy(&value, w->data, sizeof(value));
        w->data += sizeof(value);
        w->left -= sizeof(value);
        return value;
}

uint64_t wire_get_max(struct wire *w, uint64_t max)
{
        uint64_t value = wire_get_u64(w);
        if (value <= max)
                return value;
        w->failed = true;
        return 0;
}

static struct span wire_get_sized(struct wire *w, uint64_t size)
{
        if (w->failed || size > w->left) {
                w->failed = true;
                return (struct span){};
        }
        struct span s = {w->data, size};
        w->data += size;
        w->left -= size;
        return s;
}

struct span wire_get_bytes(struct wire *w)
{
        return wire_get_sized(w, wire_get_u64(w));
}

char *wire_get_str(struct wire *w, struct arena *a)
{
        uint64_t size = wire_get_u64(w);
        if (w->failed || size == WIRE_NULL)
                return NULL;
        struct span s = wire_get_sized(w, size);
        char *copy = w->failed ? NULL : arena_strndup(a, s.data, s.size);
        if (!copy)
                w->failed = true;
        return copy;
}

int wire_end(const struct wire *w)
{
        return w->failed || w->left ? -EBADMSG : 0;
}
