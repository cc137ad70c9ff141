/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Electron's archive (electron/asar, README.md "Format"; src/disk.ts): two numbers of Chromium's Pickle, a
 * JSON tree of folders and files, and behind it the files' bytes, neither packed nor checked. */

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

enum { ASAR_HEAD = 16 }; /* bytes in front of the JSON */

struct asar_file {
        const char *path; /* in the archive: "/node_modules/x/package.json" */
        uint64_t offset;  /* in the file */
        uint64_t size;    /* bytes */
};

typedef VEC(struct asar_file) asar_list;

/* From the first ASAR_HEAD bytes: how long the JSON is that follows them, and where the files begin.
 * 0 or -EBADMSG. */
int asar_head(struct span head, uint64_t *ret_json_size, uint64_t *ret_base);
/* Files of that name in folders up to 64 deep, at most 20,000, which lie within `file_size` bytes; those that
 * were left outside of the archive ("unpacked") are no part of it. Appends. 0, -EBADMSG, -EFBIG, -ENOMEM. */
int asar_find(struct span json, uint64_t base, uint64_t file_size, const char *name, struct arena *a,
              asar_list *to);
