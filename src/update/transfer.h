/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A file from the network, whatever happens on the way. Private to src/update. */

#include "base/buf.h"
#include "update/update.h"

/* Fetch into memory. Status 200, 304 (etag matches), 404, or -errno with a sentence after the last attempt.
 */
int transfer_memory(struct updater *u, const char *what, const char *url, const char *etag, struct buf *to,
                    struct fetch_answer *ret, uint64_t *bytes, struct error *error);
/* The same into `path`, which is complete and checked on 200. A part that was left by an earlier attempt or
 * run is gone on with where the server has still the same. */
int transfer_file(struct updater *u, const char *what, const char *url, const char *etag, const char *path,
                  uint64_t size_max, struct fetch_answer *ret, uint64_t *bytes, struct error *error);
