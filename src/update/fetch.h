/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Our end of usewear-download: it runs as nobody, with nothing but two pipes, and what it says is not
 * trusted. */

#include "base/error.h"
#include "base/macro.h"

struct fetcher;

/* `program`: path of usewear-download; `timeout`: s without a byte after which a server counts as silent.
 * Starts nothing yet. 0 or -ENOMEM. */
int fetcher_new(const char *program, unsigned timeout, struct fetcher **ret);
struct fetcher *fetcher_free(struct fetcher *f); /* returns NULL */
static inline void fetcher_freep(struct fetcher **f)
{
        *f = fetcher_free(*f);
}
#define _cleanup_fetcher_ _cleanup_(fetcher_freep)

struct fetch {
        const char *url;
        const char *etag;  /* of the copy that is there, or NULL */
        uint64_t offset;   /* bytes that are there; the rest is asked for, if it is still the same */
        uint64_t size_max; /* bytes of the whole body that are taken */
        void *context;
        int (*begin)(void *context, bool anew);                    /* before the body; anew: from byte 0 */
        int (*body)(void *context, const void *data, size_t size); /* -errno ends the transfer */
};

enum { FETCH_FIELD = 512 };

struct fetch_answer {
        int status;           /* 200, 206, 304, 404 …; 0: no answer, `trouble` says why */
        unsigned retry_after; /* s that the server asks to wait, or 0 */
        char etag[FETCH_FIELD], crc32c[FETCH_FIELD],
                trouble[FETCH_FIELD]; /* crc32c: base64; empty: not given */
};

/* One request, one attempt. 0 with the answer, -ECANCELED with a sentence (the program broke), -EFBIG, or
 * what a handler returned (without sentence). */
int fetch_get(struct fetcher *f, const struct fetch *what, struct fetch_answer *ret, struct error *error);
