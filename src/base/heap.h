/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Give memory that is free back to the system, where the C library can: a process that stays must not
 * keep what its start and its largest look needed. */
void heap_trim(void);
/* For a process that stays: what is large is given back when it is freed, however often it is needed. The C
 * library would else keep up to 64 MiB (mallopt(3), M_MMAP_THRESHOLD: dynamic adjustment). */
void heap_stay_small(void);
