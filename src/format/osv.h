/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One record of the Open Source Vulnerability format (OSV schema 1.7), read from JSON into the few facts
 * that matching needs. Unknown fields are skipped, wrong types and absurd sizes refuse the record. */

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

enum osv_event_kind { OSV_INTRODUCED = 'i', OSV_FIXED = 'f', OSV_LAST_AFFECTED = 'l', OSV_LIMIT = 'u' };

struct osv_event {
        enum osv_event_kind kind;
        const char *version; /* "0" (introduced) is before everything, "*" (limit) behind */
};
struct osv_range { /* ECOSYSTEM or SEMVER; GIT ranges are left out */
        struct osv_event *events;
        size_t event_count;
};
struct osv_severity {
        const char *type, *score; /* "CVSS_V3", vector; "Ubuntu", "medium" */
};
struct osv_symbol {
        const char *container, *function,
                *kind;         /* kind: root, derived, unspecified; whole: no function, all of it */
        const char *versions;  /* vulnerable in these only: "<=0.11.5 | >=0.12.0 <=0.12.0"; NULL: in all */
        const char *platforms; /* on these only, systems and machines: "windows/", "/386,arm"; NULL: on all */
};

typedef VEC(const char *) osv_text_list;
typedef VEC(struct osv_severity) osv_severity_list;

struct osv_affected {
        const char *ecosystem; /* as written: "Debian:12", "PyPI" */
        const char *name;      /* as written */
        VEC(struct osv_range) ranges;
        osv_text_list versions;
        osv_severity_list severities;
        VEC(struct osv_symbol) symbols;
        const char *urgency; /* distribution's word: "unimportant", "end-of-life", "high" …; or NULL */
        const char *module;  /* RPM's module and stream, "nodejs:18"; or NULL */
        bool custom_ranges;  /* Go: real ranges are in versions that Go modules do not have */
};

struct osv_record {
        const char *id;
        int64_t modified, published; /* wall s */
        bool withdrawn;
        osv_text_list aliases, upstream, related;
        osv_severity_list severities;
        const char *rating; /* database_specific.severity: "HIGH"; or NULL */
        VEC(struct osv_affected) affected;
};

enum {
        OSV_SIZE_MAX = 8 << 20, /* bytes of one record */
        OSV_ID_MAX = 200,       /* bytes of ids, names and versions */
        OSV_TEXT_MAX = 1000,
};

/* 0, -EBADMSG (not JSON, not a record), -EFBIG (absurdly large) or -ENOMEM, with a sentence. Strings lie in
 * the arena; the lists are freed by osv_done, also after a failure. */
int osv_parse(const char *json, size_t size, struct arena *a, struct osv_record *ret, struct error *error);
void osv_done(struct osv_record *r);
#define _cleanup_osv_ _cleanup_(osv_done)
