/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct arena_block {
        struct arena_block *next;
        size_t used, size;
        _Alignas(16) char bytes[];
};

/* Blocks double from the first to the largest size: thousands of small arenas stay small. */
enum { ARENA_FIRST = 2 * 1024, ARENA_BLOCK = 64 * 1024 };

void arena_done(struct arena *a)
{
        while (a->blocks) {
                struct arena_block *next = a->blocks->next;
                free(a->blocks);
                a->blocks = next;
        }
        a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
        size_t rounded = (size + 15) & ~(size_t)15;
        if (rounded < size || rounded > a->limit || a->used > a->limit - rounded)
                return NULL;
        struct arena_block *block = a->blocks;
        if (!block || block->size - block->used < rounded) {
                size_t grown = block ? MIN(block->size * 2, (size_t)ARENA_BLOCK) : ARENA_FIRST;
                size_t capacity = MAX(rounded, grown);
                block = malloc(sizeof(*block) + capacity);
                if (!block)
                        return NULL;
                block->used = 0;
                block->size = capacity;
                /* A large piece fills its block; keep the half-empty one in front. */
                if (a->blocks && rounded > ARENA_BLOCK / 2) {
                        block->next = a->blocks->next;
                        a->blocks->next = block;
                } else {
                        block->next = a->blocks;
                        a->blocks = block;
                }
        }
        void *bytes = block->bytes + block->used;
        block->used += rounded;
        a->used += rounded;
        return memset(bytes, 0, rounded);
}

char *arena_strndup(struct arena *a, const char *s, size_t size)
{
        char *copy = size == SIZE_MAX ? NULL : arena_alloc(a, size + 1);
        if (copy && size)
                memcpy(copy, s, size);
        return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
        return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int size = vsnprintf(NULL, 0, format, args);
        va_end(args);
        char *s = size < 0 ? NULL : arena_alloc(a, (size_t)size + 1);
        if (s)
                vsnprintf(s, (size_t)size + 1, format, again);
        va_end(again);
        return s;
}
