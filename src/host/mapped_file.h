/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The file behind an executable mapping, as it can be proven: opened through /proc/PID/map_files (or,
 * where that is not allowed, through /proc/PID/root and then only if it is provably the same file). */

#include "base/arena.h"
#include "base/wire.h"

enum file_state {
        FILE_STATE_UNKNOWN,
        FILE_CURRENT,  /* what lies at its path is this file */
        FILE_REPLACED, /* another file lies at its path now: an upgrade without restart */
        FILE_DELETED,  /* nothing lies at its path any more */
        FILE_MEMORY,   /* memfd or shared memory: never had a path */
        _FILE_STATE_MAX,
};

struct mapped_file {
        const char *path;   /* in its root */
        const char *object; /* "build-id:…", else "sha256:…", else NULL: the lasting identity */
        const char *soname; /* what those who need the library call it; NULL: it does not say */
        enum file_state state;
        uint32_t runtimes; /* interpreters that this file holds (enum runtime bits), by exported symbols */
        bool elf;
        const char *unreadable; /* NULL, or why the file could not be looked at */
};

/* Open the file of the mapping [start, end) of `pid`; with both 0, the file that lies at `path` in its root
 * (nothing proves then that it is the one that was mapped: compare times). Returns a descriptor, or
 * -errno: -ESTALE when another file lies at the path now and the mapped one cannot be reached. `ret_state`
 * is always set. */
int mapped_file_open(int pid, uint64_t start, uint64_t end, const char *path, bool deleted,
                     enum file_state *ret_state);
/* All that its content tells (`object`, `soname`, `runtimes`, `elf`, `unreadable`; the rest of `ret` is left
 * alone); `fd` as opened above, or negative when that failed (the ELF header and its notes are then read from
 * the process's memory at `start` when the mapping's offset is 0). 0 or -ENOMEM. */
int mapped_file_examine(int fd, int pid, uint64_t start, uint64_t offset, struct arena *a,
                        struct mapped_file *ret);
void mapped_file_pack(const struct mapped_file *f, struct buf *to);
int mapped_file_unpack(struct wire *from, struct arena *a, struct mapped_file *ret);
