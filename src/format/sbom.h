/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The packages that a bill of materials lists: CycloneDX JSON (1.2–1.7), SPDX JSON (2.2, 2.3, 3.0) and Syft's
 * own JSON. Only what matching needs is taken: package URLs, and the distribution where it is named beside
 * them. */

#include "base/error.h"
#include "base/vec.h"
#include "format/os_release.h"

struct sbom_component {
        const char *purl;           /* NULL: it has none */
        const char *name, *version; /* for what has no purl; may be NULL */
};

struct sbom {
        const char *format;   /* "CycloneDX", "SPDX", "Syft" */
        struct os_release os; /* of the whole; id NULL: not told */
        VEC(struct sbom_component) components;
        VEC(const char *) limits; /* what its maker says that it left out ("usewear:limit") */
        size_t files;             /* entries that are files, not packages, and so are left out */
};

enum { SBOM_SIZE_MAX = 256 << 20 /* bytes */ };

/* 0, -EBADMSG (not JSON, none of the formats), -EFBIG (absurdly large) or -ENOMEM, with a sentence. Strings
 * lie in the arena; the list is freed by sbom_done, also after a failure. */
int sbom_parse(const char *json, size_t size, struct arena *a, struct sbom *ret, struct error *error);
void sbom_done(struct sbom *s);
#define _cleanup_sbom_ _cleanup_(sbom_done)
