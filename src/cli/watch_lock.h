/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One watch a state folder: two would count each other's gaps. */

/* Make the folder, and lock it. The descriptor that holds the lock, to be closed by the caller; or -errno
 * after one line was printed. */
int watch_lock_take(const char *state);
