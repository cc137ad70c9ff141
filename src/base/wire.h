/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records between the processes of Usewear: plain values in a fixed order, no pointers. The reader
 * trusts nothing: every read is checked against the bytes that are left, the first failure sticks, and
 * later reads give zeros. Both ends are the same build, so there is no versioning. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

void wire_put_u64(struct buf *b, uint64_t value);
void wire_put_bytes(struct buf *b, const void *data, size_t size);
void wire_put_str(struct buf *b, const char *s); /* NULL arrives as NULL */

struct wire {
        const char *data;
        size_t left;
        bool failed;
};

#define WIRE_INIT(data_, size_) ((struct wire){(data_), (size_), false})

uint64_t wire_get_u64(struct wire *w);
/* A number that must be <= max, else the reader fails and gives 0. */
uint64_t wire_get_max(struct wire *w, uint64_t max);
struct span wire_get_bytes(struct wire *w);
/* A copy in the arena; NULL where NULL was put, or on failure. Bytes behind a NUL are cut. */
char *wire_get_str(struct wire *w, struct arena *a);
/* 0 if all was read and nothing failed, else -EBADMSG. */
int wire_end(const struct wire *w);
