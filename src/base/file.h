/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Opening and reading files that may be hostile: never a FIFO or device by surprise, never out of the
 * root, never more bytes than the limit. */

#include "base/buf.h"

/* Open for reading below the directory `root_fd`, as if it were "/": symbolic links, "..", and magic
 * links never lead out (openat2 RESOLVE_IN_ROOT, Linux 5.6; without it every component is walked by
 * hand). Only regular files (-EISDIR for directories, -EINVAL for the rest): opening never blocks on a
 * FIFO. Returns the descriptor (O_CLOEXEC) or -errno. */
int file_open_in(int root_fd, const char *path);
/* The same for a directory. */
int file_open_dir_in(int root_fd, const char *path);
/* Append the rest of the descriptor to the buffer. 0, -EFBIG when its limit is met, or -errno. */
int file_read_fd(int fd, struct buf *to);
/* Append the whole file. AT_FDCWD works as dir_fd; no confinement: for Usewear's own files and /proc. */
int file_read_at(int dir_fd, const char *path, struct buf *to);
/* file_open_in and file_read_fd. */
int file_read_in(int root_fd, const char *path, struct buf *to);
/* Write all bytes. 0 or -errno. */
int file_write_fd(int fd, const void *data, size_t size);
/* Create the directory and its parents with mode 0700 where missing. 0 or -errno. */
int file_make_dirs(const char *path);
