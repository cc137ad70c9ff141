/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CISA's catalogue of known exploited vulnerabilities, JSON form
 * (known_exploited_vulnerabilities_schema.json). */

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

struct kev_entry {
        const char *cve, *added, *due; /* dates as "2021-12-10"; due may be NULL */
        bool ransomware;
};
struct kev_catalogue {
        int64_t released; /* wall s */
        VEC(struct kev_entry) entries;
};

enum { KEV_SIZE_MAX = 64 << 20 };

/* 0, -ENODATA (JSON, but no KEV catalogue), -EBADMSG, -EFBIG or -ENOMEM with a sentence. Strings lie in the
 * arena; free the list with kev_done, also after a failure. */
int kev_parse(const char *json, size_t size, struct arena *a, struct kev_catalogue *ret, struct error *error);
void kev_done(struct kev_catalogue *k);
#define _cleanup_kev_ _cleanup_(kev_done)

/* "CVE-2021-44228" → the same; anything else: false. */
bool cve_valid(const char *id);
