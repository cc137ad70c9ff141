/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <malloc.h>

enum { LARGE = 256 << 10, KEPT_FREE = 512 << 10 }; /* bytes */

void heap_stay_small(void)
{
#ifdef __GLIBC__
        mallopt(M_MMAP_THRESHOLD, LARGE);
        mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
        mallopt(M_ARENA_MAX, 1); /* what one thread frees another one may need */
#endif
}

void heap_trim(void)
{
#ifdef __GLIBC__
        malloc_trim(0);
#endif
}
