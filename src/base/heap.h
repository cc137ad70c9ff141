/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Give memory that is free back to the system, where the C library can: a process that stays must not
 * keep what its start and its largest look needed. */
void heap_trim(void);
