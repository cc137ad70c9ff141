/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ownership that can be judged inside one function: a local that owns something is declared with
 * _cleanup_(its destructor); what leaves the function leaves through TAKE_PTR or TAKE_FD. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)         __attribute__((cleanup(f)))
#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))
#define _packed_             __attribute__((packed))
#define _unused_             __attribute__((unused))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

#define TAKE_PTR(p)                       \
        ({                                \
                __auto_type _taken = (p); \
                (p) = NULL;               \
                _taken;                   \
        })

#define TAKE_FD(fd)                \
        ({                         \
                int _taken = (fd); \
                (fd) = -1;         \
                _taken;            \
        })

static inline void free_ptr(void *p)
{
        free(*(void **)p);
}
#define _cleanup_free_ _cleanup_(free_ptr)

static inline void close_fd(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}
#define _cleanup_close_ _cleanup_(close_fd)
