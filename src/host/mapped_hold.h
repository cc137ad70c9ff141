/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* An O_PATH descriptor of the file that is mapped there, whatever lies at its path by now: nothing of it is
 * read, and no file system is asked that could block. -errno: -ENOENT or -ESRCH when it is mapped no longer.
 */
int mapped_file_hold(int pid, uint64_t start, uint64_t end);
