/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How many files this process may have open. */

#include <stddef.h>

/* Allow as many as the hard limit does. */
void descriptors_allow(void);
/* 0, or how many are allowed where that is not enough for looking and for events. */
size_t descriptors_few(void);
/* Say so, if it is so. */
void descriptors_tell_few(void);
enum { DESCRIPTORS_NEEDED = 256 };
