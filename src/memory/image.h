/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One look at another process's address space: its areas, a cache of the pages that were read, which pages
 * are there at all, and what the look may cost. Nothing is read twice in one look, and nothing anonymous
 * that is not in memory: it would be made by reading it. The bytes come from a live process, or (tests,
 * fuzzing) from a recorded image. */

#include "memory/remote.h"

enum { IMAGE_PAGE = 4096 };

struct image_area {
        uint64_t start, end, offset; /* addresses; offset in the file, bytes */
        bool readable, writable, executable, shared;
        const char *path; /* "" anonymous, "[heap]", or of a file */
        bool deleted;     /* that file */
        uint32_t device;  /* of it, as /proc/PID/maps tells them */
        uint64_t inode;   /* 0: no file */
};

struct image_source {
        void *context;
        /* As remote_read_pieces(). */
        int (*read)(void *context, struct remote_piece *pieces, size_t count);
        /* One word of /proc/PID/pagemap for each of so many pages: bit 63 present, bit 62 swapped. 0, or
         * -errno; NULL: every page is there. */
        int (*presence)(void *context, uint64_t page_number, uint64_t *to, size_t count);
};

struct image_budget {
        uint64_t bytes;  /* most that are read */
        uint64_t cpu_ns; /* of this thread */
};

struct image_cache;

struct image {
        struct image_source source;
        const struct image_area *areas; /* sorted by address, not overlapping; borrowed */
        size_t area_count;
        struct image_budget budget;
        struct image_cache *cache;
        uint64_t bytes, calls, unreadable, swapped; /* so far; pages for the last two */
        uint64_t steps; /* words and texts that were asked for, read already or not: how much a look does */
        uint64_t cpu_start;
        int failed; /* 0; -ESRCH or -EPERM: the process cannot be read (any more); -EDQUOT: budget spent */
};

/* 0 or -ENOMEM. Areas and source are borrowed. */
int image_open(struct image *i, const struct image_source *source, const struct image_area *areas,
               size_t count, struct image_budget budget);
void image_close(struct image *i);
#define _cleanup_image_ _cleanup_(image_close)

/* Whether the page of that address can be read without making it: it is in memory, or a file's. */
bool image_present(struct image *i, uint64_t address);
/* Whether what lay there is no more: not mapped, or a page that is neither in memory nor swapped out. */
bool image_gone(struct image *i, uint64_t address);
const struct image_area *image_area_at(const struct image *i, uint64_t address); /* or NULL */
/* Through the cache, all or nothing: 0, -EFAULT (not mapped, or not in memory), or what `failed` holds. */
int image_read(struct image *i, uint64_t address, void *to, size_t size);
/* The same for one number; 0 where it cannot be read. */
uint64_t image_u64(struct image *i, uint64_t address);
uint32_t image_u32(struct image *i, uint64_t address);
/* A NUL-terminated string of less than `size` bytes into `to`: its length, or -EFAULT. */
ssize_t image_string(struct image *i, uint64_t address, char *to, size_t size);
/* Many pieces, past the cache, as remote_read_pieces(): what the caller knows to be in memory. */
int image_read_pieces(struct image *i, struct remote_piece *pieces, size_t count);

/* Whether the budget is spent. */
bool image_spent(struct image *i);
/* `times` as much, from now on. */
void image_extend(struct image *i, unsigned times);

/* Call for each run of pages of the wanted areas that are in memory, in order of addresses, from *cursor on.
 * The bytes are valid during the call. 0: all done; 1: the budget ended it, *cursor is where to go on;
 * negative: the handler's, or `failed`. */
typedef bool (*image_want)(void *context, const struct image_area *area);
typedef int (*image_handler)(void *context, uint64_t address, const void *bytes, size_t size);
int image_scan(struct image *i, uint64_t *cursor, image_want want, image_handler handler, void *context);
