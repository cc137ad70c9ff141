/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Opening and reading files that may be hostile: never a FIFO or device by surprise, never out of the
 * root, never more bytes than the limit. */

#include "base/buf.h"

#include <limits.h>

/* Open for reading below the directory `root_fd`, as if it were "/": symbolic links, "..", and magic
 * links never lead out (openat2 RESOLVE_IN_ROOT, Linux 5.6; without it every component is walked by
 * hand). Only regular files (-EISDIR for directories, -EINVAL for the rest): opening never blocks on a
 * FIFO. Returns the descriptor (O_CLOEXEC) or -errno. */
int file_open_in(int root_fd, const char *path);
/* The same for a directory. */
int file_open_dir_in(int root_fd, const char *path);
/* Where the opened file lies, without links, as seen from the directory `root_fd`: "/srv/x", or "/" for the
 * root itself. 0, -ENOENT (not below it), -ENAMETOOLONG or -errno. */
int file_path_in(int root_fd, int fd, char to[static PATH_MAX]);
/* Append the rest of the descriptor to the buffer. 0, -EFBIG when its limit is met, or -errno. */
int file_read_fd(int fd, struct buf *to);
/* Append the whole file. AT_FDCWD works as dir_fd; no confinement: for Usewear's own files and /proc. */
int file_read_at(int dir_fd, const char *path, struct buf *to);
/* file_open_in and file_read_fd. */
int file_read_in(int root_fd, const char *path, struct buf *to);
/* Map the first `size` bytes of the descriptor, for munmap. Writes stay with us, and so breakpoints that
 * others set in the file do not appear in it (kernel/events/uprobes.c, valid_vma: no writable mapping gets
 * any). A file that is cut meanwhile ends the process when it is read. 0, -ENODATA (no bytes), or -errno. */
int file_map_fd(int fd, size_t size, void **ret);
/* Whether both hold the same bytes, at most `most`: read side by side, up to the first difference. */
bool file_same_content(int first, int second, size_t most);
/* Write all bytes. 0 or -errno. */
int file_write_fd(int fd, const void *data, size_t size);
/* Create the directory and its parents with mode 0700 where missing. 0 or -errno. */
int file_make_dirs(const char *path);
