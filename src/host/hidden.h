/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Processes that /proc does not show to us. Of them not even the number is known. */

#include <stdbool.h>

/* Whether /proc is mounted with hidepid. */
bool hidden_by_mount(void);

/* NULL, or why there may be processes that /proc does not list here. Rights that are permitted count:
 * process_list puts them into effect. */
const char *hidden_from_us(void);

/* NULL, or that only the processes of our own pid namespace are listed. */
const char *outside_unseen(void);
