/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A growing byte buffer that is born with its limit. The first failure (limit or memory) sticks in
 * `error`, later additions do nothing: callers add freely and check once at the end. `data` is always
 * NUL-terminated once something was added; `size` does not count the NUL. */

#include "base/macro.h"

struct buf {
        char *data;
        size_t size, allocated, limit;
        int error; /* 0, -EFBIG (limit) or -ENOMEM */
};

#define BUF_INIT(limit_) ((struct buf){.limit = (limit_)})
#define _cleanup_buf_    _cleanup_(buf_done)

void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* empty, error forgotten, memory kept */
int buf_add(struct buf *b, const void *data, size_t size);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_addf(struct buf *b, const char *format, ...) _printf_(2, 3);
/* Make room for `size` more bytes and return where they go (to be followed by buf_grow), else NULL. */
char *buf_reserve(struct buf *b, size_t size);
void buf_grow(struct buf *b, size_t size);
/* Hand the memory over (never NULL on success); the buffer is empty afterwards. NULL if error is set. */
char *buf_take(struct buf *b);
