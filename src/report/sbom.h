/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is installed, as the formats of others. Pure and deterministic: the same packages give the same bytes,
 * in whatever order they come; only `time` differs. */

#include "inventory/package.h"
#include "report/report.h"

struct sbom_item {
        const struct package *package;
        const char *use;     /* "loaded", "executed", "reached", or NULL: not known here */
        int64_t first, last; /* wall s: when it was seen used; 0 unknown */
        const char *ref;     /* set by sbom_prepare: unique in the document */
};

/* Whose something is. */
struct sbom_answer {
        const char *thing;
        const struct package **packages; /* none: nobody's; several: each with equal right */
        size_t count;
        const char *unknown; /* NULL, or why it cannot be told */
};

struct sbom {
        const char *name;        /* of what was looked at: host name, or folder */
        const char *os;          /* PRETTY_NAME, or NULL */
        const char *version;     /* of Usewear */
        int64_t time;            /* wall s: when the document is made */
        bool several_roots;      /* refs name the root */
        struct sbom_item *items; /* sorted by sbom_prepare */
        size_t count;
        const char *const *limits; /* what was left out */
        size_t limit_count;
        const struct sbom_answer *answers; /* to what was asked: then the packages are not listed */
        size_t answer_count;
};

/* Give each package its ref, sort, and drop those that are the same. 0 or -ENOMEM. */
int sbom_prepare(struct sbom *s, struct arena *a);

/* CycloneDX 1.6 (bom-1.6.schema.json), SPDX 2.3 (spdx-schema.json), usewear/inventory/1, and for people. */
void sbom_cyclonedx(const struct sbom *s, struct buf *to);
void sbom_spdx(const struct sbom *s, struct buf *to);
void sbom_json(const struct sbom *s, struct buf *to);
void sbom_table(const struct sbom *s, const struct table_style *style, struct buf *to);

/* A version 8 UUID (RFC 9562) from what the document says, times aside. */
enum { SBOM_UUID = 37 };
void sbom_uuid(const struct sbom *s, char to[static SBOM_UUID]);
/* "manifest", "database" … */
const char *sbom_method(const struct package *p);
unsigned sbom_confidence(const struct package *p); /* percent */
