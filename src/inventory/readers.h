/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which reader wants which file, by its name alone. */

#include "inventory/reader.h"

/* All readers, in the order in which they may own files; NULL at the end. At most READER_ROOT of them. */
extern const struct reader *const readers[];

enum {
        READER_ELF = 63,
        READER_ROOT = 62, /* of the names of databases, which only roots have */
        PATTERN_BUCKETS = 512,
        MOST_PATTERNS = 255,
};

struct patterns {
        struct pattern {
                const char *text; /* without '*' and the '/' of folders */
                size_t size;
                uint64_t who;
                bool folder, ending;
                uint8_t next; /* in the bucket, plus 1 */
        } items[MOST_PATTERNS];
        size_t count;
        uint8_t buckets[PATTERN_BUCKETS];
};

void patterns_build(struct patterns *p);
/* Bits of readers (index in `readers`), and READER_ELF for a name that may be machine code. */
uint64_t patterns_match(const struct patterns *p, const char *name, bool folder);
/* "libssl.so.3", "x.cpython-311-x86_64-linux-gnu.so" */
bool is_shared_object(const char *name);
